/**
 * Escapes a sentence for a table cell, so that Markdown shows it as written. `_` within a word is not escaped, because Markdown ignores it.
 */
export function cell(sentence) {
  return sentence.replace(/[\\`*|[]|_(?![a-z0-9])|(?<![a-z0-9])_|<(?=[a-z/!?])/gi, '\\$&');
}
