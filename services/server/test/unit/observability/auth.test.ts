import { expect, it } from '@jest/globals';
import { isAuthorized } from '../../../src/observability/http/auth.js';

/** Returns the header as Node reads it, from a client that sends it in UTF-8. */
const sent = (header: string): string => Buffer.from(header).toString('latin1');

it.each(['geheim', 'schlüssel', 'voilà', 'ключ 🔑', '鍵', 'a b', '!~', 'x\u00a0'])(
  'the token %j is accepted in UTF-8, and nothing like it is',
  token => {
    expect(isAuthorized(sent(`Bearer ${token}`), token)).toBe(true);
    expect(isAuthorized(sent(`bearer \t${token}`), token)).toBe(true);
    for (const wrong of [`${token}x`, `x${token}`, token.slice(0, -1), token.toUpperCase().repeat(2)]) {
      expect(isAuthorized(sent(`Bearer ${wrong}`), token)).toBe(false);
    }
    expect(isAuthorized(sent(token), token)).toBe(false);
  },
);

it('a token within Latin-1 is also accepted in Latin-1, in which browsers and Node send it', () => {
  expect(isAuthorized('Bearer schlüssel', 'schlüssel')).toBe(true);
  expect(isAuthorized('Bearer schlussel', 'schlüssel')).toBe(false);
});

it('blanks around the token do not count, because HTTP removes them from the header', () => {
  for (const token of [' geheim', 'geheim ', ' \tgeheim\t ']) {
    expect(isAuthorized('Bearer geheim', token)).toBe(true);
    expect(isAuthorized(`Bearer ${token}`, token)).toBe(true);
  }
  expect(isAuthorized('Bearer a  b', 'a b')).toBe(false);
});

it.each([undefined, '', 'Bearer', 'Bearer ', 'Bearer   ', 'Basic geheim', 'geheim', 'Bearergeheim', 'XBearer geheim'])(
  '%j contains no token',
  authorization => {
    expect(isAuthorized(authorization, 'geheim')).toBe(false);
    expect(isAuthorized(authorization, undefined)).toBe(true);
  },
);

it('bytes that are not UTF-8 match no token, not even one of replacement characters', () => {
  expect(isAuthorized('Bearer \xff', '\ufffd')).toBe(false);
  expect(isAuthorized('Bearer \xc3', 'Ã')).toBe(true);
});
