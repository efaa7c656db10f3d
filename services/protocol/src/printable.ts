/** Makes text safe for a terminal. */

/** Control and format characters, lone surrogates, line and paragraph separators. Bidirectional marks are format characters. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const plain = /^[ -~]*$/;

/**
 * Returns `text` as one line that cannot control a terminal. Each control or format character, line separator and lone surrogate becomes
 * `\uXXXX`, one for each UTF-16 code unit. In JSON such characters occur only within strings, where the escape means the same. So
 * `printable(JSON.stringify(value))` is JSON of the same value.
 */
export function printable(text: string): string {
  // Most text is plain ASCII. This test is several times faster than the replacement.
  return plain.test(text) ? text : text.replaceAll(unprintable, escaped);
}

function escaped(character: string): string {
  return character
    .split('')
    .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
