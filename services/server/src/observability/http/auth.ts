import { isSameSecret } from '../../constant-time.js';

/**
 * Whether the header `Authorization` of a request contains the bearer token. True for every request if no token is set. A header is bytes,
 * which Node reads as Latin-1. They are compared with the token in UTF-8, and also as they are: browsers and Node can send a token within
 * Latin-1 in that encoding. HTTP removes blanks around a header, so blanks around the token do not count.
 */
export function isAuthorized(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined) return true;
  const given = withoutBlanks(/^Bearer[ \t](.*)$/is.exec(authorization ?? '')?.[1] ?? '');
  const expected = withoutBlanks(token);
  // Both are compared each time, so that the duration reveals nothing.
  const matches = [isSameSecret(Buffer.from(given, 'latin1'), expected), isSameSecret(given, expected)];
  return matches.includes(true);
}

/** Removes blanks and tabs at both ends. `trim` would also remove the byte 0xA0, with which `à` ends in UTF-8. */
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
