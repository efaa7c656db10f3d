/** Writes to standard output and standard error without blocking the process. */

import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { WriteNow } from './log-sink.js';

/**
 * Returns a function that writes to standard output (1) or standard error (2) without waiting for a reader. An ordinary write blocks the
 * whole process if the reader of a pipe stops, or after Ctrl-S at a terminal. Writing in a thread does not help, because a process that
 * exits waits for its threads. A regular file has no reader to wait for, so the function writes to it in the ordinary way.
 */
export function nonblockingOutput(descriptor: 1 | 2): WriteNow {
  const own = nonblockingDescriptor(descriptor);
  return bytes => writeSync(own, bytes);
}

function nonblockingDescriptor(descriptor: 1 | 2): number {
  const stats = fstatSync(descriptor);
  // Do not reopen a file: writes would start at its beginning.
  if (stats.isFile()) return descriptor;
  return reopened(descriptor) ?? nonblockingForAll(descriptor);
}

/**
 * Opens the pipe or terminal again, for this process only. O_NONBLOCK belongs to the open file, which this process shares with its parent.
 * Set there, it would make the shell's own output fail. Returns undefined if the system does not allow this.
 */
function reopened(descriptor: number): number | undefined {
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return undefined;
  }
}

/**
 * Sets O_NONBLOCK for all processes that share the descriptor, by creating Node's stream. Node resets it when the process exits. This is
 * needed for a socket (such as that of the journal) and for a pipe of another user. Nothing is written through the stream. Node does not
 * do this for a terminal. If a terminal cannot be opened again (on systems other than Linux), Ctrl-S blocks the process.
 */
function nonblockingForAll(descriptor: 1 | 2): number {
  return descriptor === 1 ? process.stdout.fd : process.stderr.fd;
}
