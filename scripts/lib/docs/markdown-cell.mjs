/** Escapes a sentence for a table cell, so that Markdown shows it as written. Markdown ignores `_` within a word, so that stays. */
export function cell(sentence) {
  return sentence.replace(/[\\`*|[]|_(?![a-z0-9])|(?<![a-z0-9])_|<(?=[a-z/!?])/gi, '\\$&');
}
