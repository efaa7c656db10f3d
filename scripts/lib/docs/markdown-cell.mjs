/** A sentence for people as it is, whatever Markdown would make of it; what needs no backslash loses it in formatting. */
export function cell(sentence) {
  return sentence.replace(/[\\`*_|[]|<(?=[a-z/!?])/gi, '\\$&');
}
