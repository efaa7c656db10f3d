/** A sentence as a cell shows it, whatever Markdown would make of it. `_` within a word means nothing to Markdown, so it stays bare. */
export function cell(sentence) {
  return sentence.replace(/[\\`*|[]|_(?![a-z0-9])|(?<![a-z0-9])_|<(?=[a-z/!?])/gi, '\\$&');
}
