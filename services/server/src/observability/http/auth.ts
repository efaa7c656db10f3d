import { isSameSecret } from '../../constant-time.js';

/**
 * Whether the header `Authorization` of a request contains the bearer token. True for every request if no token is set. Clients send the
 * token in UTF-8 or in Latin-1, so both encodings are accepted. Node reads the bytes of a header as Latin-1. Blanks around the token are
 * ignored, because HTTP removes blanks around a header.
 */
export function isAuthorized(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined) return true;
  const given = withoutBlanks(/^Bearer[ \t](.*)$/is.exec(authorization ?? '')?.[1] ?? '');
  const expected = withoutBlanks(token);
  // Always compare both encodings, so that the duration reveals nothing.
  const matches = [isSameSecret(Buffer.from(given, 'latin1'), expected), isSameSecret(given, expected)];
  return matches.includes(true);
}

/** Removes blanks and tabs at both ends. `trim` is wrong here: it also removes the byte 0xA0, which is the last byte of `à` in UTF-8. */
function withoutBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start])) start += 1;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}
