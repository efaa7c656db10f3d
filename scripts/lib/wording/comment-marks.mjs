/** Replaces the marks of a comment (`/**`, `*`, `//`, `#`) at the beginning of its lines with spaces. Lines keep their length. */
export function withoutMarks(comment) {
  return comment.replace(/^[ \t]*(\/\*+|\*\/|\*|\/\/|#+)/gm, marks => ' '.repeat(marks.length));
}
