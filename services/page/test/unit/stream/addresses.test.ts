import { expect, it } from '@jest/globals';
import {
  authorization,
  eventsAddress,
  GROUPS_ADDRESS,
  GROUPS_MAX,
  nameOfServer,
} from '../../../src/stream/addresses.js';

const at = (page: string, address: string): string => new URL(address, page).href;

it('addresses are below the page, at any path, and keep every name of a group', () => {
  expect(at('http://a/', GROUPS_ADDRESS)).toBe('http://a/api/groups');
  expect(at('https://a/x/rankd/#group=b', GROUPS_ADDRESS)).toBe('https://a/x/rankd/api/groups');
  for (const name of ['.', '..', '%2e', '%2E%2e', 'a/b', '?', '#', 'a&group=b', '+', ' ', 'é', '', '//']) {
    const url = new URL(eventsAddress([name, 'z']), 'http://a/rankd/?x#y');
    expect([url.pathname, url.hash, url.searchParams.getAll('group')]).toEqual(['/rankd/api/events', '', [name, 'z']]);
  }
});

it('one stream has at most GROUPS_MAX groups, the first ones', () => {
  const names = Array.from({ length: GROUPS_MAX + 1 }, (_, index) => `g${index}`);
  expect(new URLSearchParams(eventsAddress(names)).getAll('group')).toEqual(names.slice(0, GROUPS_MAX));
});

it('servers under different paths of one host have different names', () => {
  const names = ['http://a/', 'http://a/one/', 'http://a/two/?x#y', 'http://a/two/index'].map(nameOfServer);
  expect(names).toEqual(['rankd /', 'rankd /one/', 'rankd /two/', 'rankd /two/']);
});

it('a token is sent as the bytes of its UTF-8, which every browser accepts in a header', () => {
  expect(authorization(undefined)).toEqual({});
  for (const token of ['geheim', 'schlüssel', 'voilà', 'ключ 🔑']) {
    const sent = new Headers(authorization(token)).get('authorization') ?? '';
    expect(Buffer.from(sent, 'latin1').toString('utf8')).toBe(`Bearer ${token}`);
  }
});
