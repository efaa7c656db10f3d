/** How rankctl starts itself again. */

import { isSea } from 'node:sea';

/** The argument with which rankctl becomes the guard of another rankctl. */
export const GUARD_ARGUMENT = '__guard';

/** Returns the file and the arguments that start this rankctl again: Node and the script, or the single executable alone. */
export function selfCommand(): { readonly file: string; readonly args: readonly string[] } {
  const [file, script] = process.argv;
  return { file: process.execPath, args: isSea() || script === undefined || script === file ? [] : [script] };
}
