/** Finds the JSON text of one field in a frame. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const SPACE = 0x20;

/**
 * Returns the JSON text of one field of a frame as its sender wrote it: numbers keep every digit, and keys keep their order. Returns
 * undefined if the frame does not have the field. If the frame has it several times, the last one counts, as in JSON.parse.
 *
 * JSON.parse must have accepted `text` as an object, because this function checks nothing. A value within valid JSON is valid JSON. The
 * result contains no line end, because a frame contains none.
 */
export function rawValue(text: string, field: string): string | undefined {
  return lastValue(text, field) ?? walkTo(text, field);
}

/**
 * Handles the usual case, in which the field is the last one. A text `"field":` without a backslash before it is a key, because a quote
 * within a string always has a backslash before it. If the value ends at the closing brace of the frame, the key belongs to the frame
 * itself and is its last key.
 */
function lastValue(text: string, field: string): string | undefined {
  // The search text starts with a letter and not with the quote: a search is faster if its first character is rare.
  const key = text.indexOf(`${field}":`);
  if (key === -1 || text.charCodeAt(key - 1) !== QUOTE || text.charCodeAt(key - 2) === BACKSLASH) return undefined;
  const start = skipSpaces(text, key + field.length + 2);
  const end = valueEnd(text, start);
  const close = skipSpaces(text, end);
  const isLast = text.charCodeAt(close) === CLOSE_BRACE && skipSpaces(text, close + 1) >= text.length;
  return isLast ? text.slice(start, end) : undefined;
}

/** Handles the other cases by reading all fields of the frame. */
function walkTo(text: string, field: string): string | undefined {
  let found: string | undefined;
  let at = skipSpaces(text, text.indexOf('{') + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = stringEnd(text, at);
    const start = skipSpaces(text, text.indexOf(':', keyEnd) + 1);
    const end = valueEnd(text, start);
    if (isKey(text, at, keyEnd, field)) found = text.slice(start, end);
    // Continues after the comma or the closing brace.
    at = skipSpaces(text, skipSpaces(text, end) + 1);
  }
  return found;
}

/** Whether the key at `start` is `field`. It may be written with escapes. */
function isKey(text: string, start: number, end: number, field: string): boolean {
  if (end - start === field.length + 2 && text.startsWith(field, start + 1)) return true;
  const key = text.slice(start, end);
  return key.includes('\\') && JSON.parse(key) === field;
}

/** Returns the position after the value that starts at `start`. */
function valueEnd(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return stringEnd(text, start);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return nestedEnd(text, start);
  let at = start;
  for (let code = first; code > SPACE && code !== COMMA && code !== CLOSE_BRACE; code = text.charCodeAt(at)) at += 1;
  return at;
}

/**
 * Returns the position after the string whose opening quote is at `start`. It ends at a quote with an even number of backslashes before
 * it.
 */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}

function nestedEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; ; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
}

function skipSpaces(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) <= SPACE) at += 1;
  return at;
}
