/** The errors of files that options name. */

import { stat } from 'node:fs/promises';
import { whyUnreadable } from '@rankd/startup/variables/readable-file';
import { configurationEnd, type ProgramEnd } from '../program-end.js';

/** Returns the error for a file that an option names and that cannot be written. */
export function unwritable(option: string, path: string, error: unknown): ProgramEnd {
  const { code } = error as NodeJS.ErrnoException;
  // A rename cannot replace a file that Docker mounts by itself.
  const reason =
    code === 'EBUSY' ? 'EBUSY: it is mounted as a single file; mount its folder instead' : whyNot(path, error);
  return configurationEnd(`${option} ${JSON.stringify(path)} cannot be written (${reason})`);
}

/** Returns the error for a file that an option names and that cannot be read. */
export function unreadable(option: string, path: string, error: unknown): ProgramEnd {
  return configurationEnd(`${option} ${JSON.stringify(path)} cannot be read (${whyUnreadable(path, error)})`);
}

/**
 * Checks that a path is free or has a regular file. A rename would replace a device such as /dev/null.
 * @throws ProgramEnd 78
 */
export async function checkReplaceable(option: string, path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isFile()) return;
  const kind = found.isDirectory() ? 'a folder' : 'a device, a pipe or a socket';
  throw configurationEnd(`${option} ${JSON.stringify(path)} is ${kind}: name a file`);
}

function whyNot(path: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'ENOENT: its folder does not exist' : whyUnreadable(path, error);
}
