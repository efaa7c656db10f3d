/**
 * The only texts in which a phrase may stay, each with its reason. `text` is a part of the line that has the phrase. Without
 * `text`, the whole file is exempt.
 */
export const exemptions = [
  {
    file: 'services/testkit/test/unit/wording.test.ts',
    reason: 'its samples are the phrases that the check must find',
  },
];

/** Returns whether the phrase in this line of the file may stay. */
export function isExempt(path, line) {
  return exemptions.some(({ file, text = '' }) => file === path && line.includes(text));
}
