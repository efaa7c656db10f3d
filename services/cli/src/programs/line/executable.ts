/** Finds the file of a program before the start. A missing file and one that cannot be executed have different exit codes. */

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ProgramEnd } from '../program-end.js';

/** The directories that a system searches if PATH is not set. */
const PATH_DEFAULT = '/usr/local/bin:/usr/bin:/bin';

/**
 * Finds the file of a program.
 * @param path the variable PATH of the program
 * @throws ProgramEnd 127 if there is no such file, 126 if it cannot be executed
 */
export function findExecutable(file: string, path: string = PATH_DEFAULT): string {
  const candidates = file.includes('/') ? [file] : path.split(delimiter).map(folder => join(folder || '.', file));
  const problems = candidates.map(candidate => ({ candidate, problem: problemOf(candidate) }));
  const found = problems.find(({ problem }) => problem === undefined);
  if (found !== undefined) return found.candidate;
  const other = problems.find(({ problem }) => problem !== MISSING);
  if (other !== undefined) throw new ProgramEnd(126, `cannot start ${file}: ${other.candidate} ${other.problem}`);
  const where = file.includes('/') ? '' : ' in PATH';
  throw new ProgramEnd(127, `cannot start ${file}: there is no such file${where}`);
}

const MISSING = 'is missing';

/** Returns why a file cannot be executed. Undefined if it can. */
function problemOf(file: string): string | undefined {
  try {
    if (statSync(file).isDirectory()) return 'is a directory';
    accessSync(file, constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return MISSING;
    return code === 'EACCES' ? 'is not executable: run chmod +x' : `cannot be used: ${code ?? String(error)}`;
  }
}
