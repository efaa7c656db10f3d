/** Control and format characters, lone surrogates, line and paragraph separators. Format characters include bidirectional marks. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const plain = /^[ -~]*$/;

/**
 * Returns `text` as one line that steers no terminal: each control or format character, line separator and lone surrogate is
 * written as `\uXXXX`, one for each UTF-16 code unit. In JSON such a character can stand only within a string, where the escape
 * means the same: `printable(JSON.stringify(value))` is JSON of the same value.
 */
export function printable(text: string): string {
  // Most text is plain ASCII, which this tells several times faster.
  return plain.test(text) ? text : text.replaceAll(unprintable, escaped);
}

function escaped(character: string): string {
  return character
    .split('')
    .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
