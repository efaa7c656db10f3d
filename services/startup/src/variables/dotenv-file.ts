/** Reads `.env` in the working directory. */

import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import { whyUnreadable } from './readable-file.js';

/** The variables of `.env`, and a warning if the file cannot be used. */
export interface DotenvFile {
  readonly variables: Readonly<Record<string, string>>;
  /** Why its variables are not used, as a sentence. */
  readonly warning?: string;
}

/** Reads `.env`. Without such a file, there are no variables. */
export function readDotenvFile(): DotenvFile {
  let bytes: Buffer;
  try {
    bytes = readFileSync('.env');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { variables: {} };
    return { variables: {}, warning: `.env is not used, because it cannot be read (${whyUnreadable('.env', error)})` };
  }
  // UTF-16 contains zero bytes. dotenv finds no variable in it, and reports no error.
  if (bytes.includes(0))
    return { variables: {}, warning: '.env is not used, because it is not text in UTF-8: save it as UTF-8' };
  return { variables: parse(bytes) };
}
