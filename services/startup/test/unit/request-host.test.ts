import { describe, expect, it } from '@jest/globals';
import { findForeignHost, parseHosts } from '../../src/http/request-host.js';

const hosts = parseHosts('server, Ranks.Example.org.');
const foreignOf = (host: string): string | undefined =>
  findForeignHost({ rawHeaders: ['Host', host] }, undefined, hosts);

describe('a Host header', () => {
  it.each([
    ['127.0.0.1', 'an address'],
    ['127.0.0.1:9464', 'an address with port'],
    ['192.168.7.9:80', 'an address of another network'],
    ['127.1:9464', 'a short address'],
    ['[::1]', 'IPv6'],
    ['[::1]:9464', 'IPv6 with port'],
    ['[2001:DB8::7]:9464', 'IPv6 in upper case'],
    ['[::ffff:127.0.0.1]:9464', 'an IPv4 address in IPv6'],
    ['::1', 'IPv6 without brackets'],
    ['localhost', 'localhost'],
    ['LocalHost:9464', 'localhost in mixed case'],
    ['localhost.:9464', 'localhost with the dot of the root'],
    ['server:9464', 'a name of the setting'],
    ['SERVER.', 'a name of the setting in upper case with a dot'],
    ['ranks.example.org', 'a name of the setting, written there with a dot'],
    ['', 'nothing'],
    [' ', 'a blank'],
  ])('%j is accepted: %s', host => {
    expect(foreignOf(host)).toBeUndefined();
  });

  it.each([
    'evil.example',
    'evil.example:9464',
    'localhost.evil.example',
    'notlocalhost',
    'xserver',
    'server.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    'evil.example@127.0.0.1',
    '127.0.0.1, evil.example',
    'localhost:9464:1',
    'localhost/',
    'localhost#',
    '[evil.example]',
    '[::1',
    '[::1]evil.example',
    '[::1].evil.example',
    '256.0.0.1',
    '1.2.3.4.5',
    '.',
    ':9464',
    'löcalhost',
    'ranks.example.org..',
  ])('%j is not', host => {
    expect(foreignOf(host)).toBe(host);
  });
});

it('each of several hosts counts, and so does the authority of an absolute target', () => {
  const rawHeaders = ['Host', 'localhost', 'Accept', 'evil.example', 'hOST', 'evil.example'];
  expect(findForeignHost({ rawHeaders }, undefined, hosts)).toBe('evil.example');
  expect(findForeignHost({ rawHeaders: ['Host', 'localhost'] }, 'evil.example:80', hosts)).toBe('evil.example:80');
  expect(findForeignHost({ rawHeaders: ['Host', 'localhost'] }, 'server', hosts)).toBeUndefined();
});

it('a missing host is accepted, and no other header counts', () => {
  const rawHeaders = ['X-Forwarded-Host', 'evil.example', 'Forwarded', 'host=evil.example', 'Origin', 'Host'];
  expect(findForeignHost({ rawHeaders }, undefined, hosts)).toBeUndefined();
  expect(findForeignHost({ rawHeaders: [] }, undefined, hosts)).toBeUndefined();
});

it('without the setting no name is accepted besides localhost', () => {
  const named = (host: string): string | undefined =>
    findForeignHost({ rawHeaders: ['Host', host] }, undefined, parseHosts(undefined));
  expect(['server', '.', 'localhost'].map(named)).toEqual(['server', '.', undefined]);
});
