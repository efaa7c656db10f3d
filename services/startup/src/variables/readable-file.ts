/** Reads files that settings name, and says why one cannot be read. */

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The largest file with a secret, bytes. A larger file is probably the wrong one, or a device that never ends. */
export const SECRET_FILE_BYTES_MAX = 65_536;

/**
 * Returns the content of a small file. The file may be a pipe.
 * @throws a system error, or RangeError past SECRET_FILE_BYTES_MAX
 */
export function readSmallFile(path: string): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(SECRET_FILE_BYTES_MAX + 1);
    let length = 0;
    for (let count = 1; count > 0 && length < bytes.length; length += count) {
      count = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    if (length > SECRET_FILE_BYTES_MAX) throw new RangeError(`it is larger than ${SECRET_FILE_BYTES_MAX} bytes`);
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

/** Returns why a file cannot be read, and for which user. */
export function whyUnreadable(path: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return `ENOENT: there is no such file${path === resolve(path) ? '' : `; its full path is ${resolve(path)}`}`;
    case 'ENOTDIR':
      return 'ENOTDIR: a part of the path is not a directory';
    case 'EISDIR':
      return 'EISDIR: it is a directory. Docker creates one if the file to mount does not exist';
    case 'EACCES':
    case 'EPERM':
      return `${code}: ${whyForbidden(path)}`;
    case undefined:
      return message;
    default:
      return message.startsWith(`${code}: `) ? (message.split(',', 1)[0] ?? code) : code;
  }
}

/** Says which file or directory the user of this process may not open. */
function whyForbidden(path: string): string {
  const user = process.geteuid === undefined ? 'this process' : `this process runs as uid ${process.geteuid()}`;
  const at = lastVisible(resolve(path));
  if (at === undefined) return `${user}, which may not open it`;
  const { uid, gid, mode } = statSync(at);
  const what = at === resolve(path) ? 'the file' : `the directory ${at}`;
  return `${user}, ${what} belongs to uid ${uid} and gid ${gid} with mode ${modeText(mode)}`;
}

/** Returns the path, or the nearest directory above it whose owner and mode this process can read. */
function lastVisible(path: string): string | undefined {
  try {
    statSync(path);
    return path;
  } catch {
    return dirname(path) === path ? undefined : lastVisible(dirname(path));
  }
}

function modeText(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
