import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { WriteNow } from './log-sink.js';

/**
 * Writes to standard output (1) or standard error (2) without ever waiting for a reader. A write to a pipe that nobody reads, or
 * to a terminal after Ctrl-S, otherwise stops the whole process. A thread that writes does not help: a process that exits waits
 * for it. A regular file is written as it is: it takes what it is given or fails.
 */
export function nonblockingOutput(descriptor: 1 | 2): WriteNow {
  const own = nonblockingDescriptor(descriptor);
  return bytes => writeSync(own, bytes);
}

function nonblockingDescriptor(descriptor: 1 | 2): number {
  const stats = fstatSync(descriptor);
  // Opened again, the file would be written from its beginning.
  if (stats.isFile()) return descriptor;
  return reopened(descriptor) ?? nonblockingForAll(descriptor);
}

/**
 * The pipe or terminal, opened once more for this process. O_NONBLOCK belongs to what was opened, which a process shares with its
 * parent and with others: set there, the shell's own output would fail. Undefined where the system does not allow it.
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
 * For a socket, such as the journal's, and for a pipe of another user: Node's own stream sets O_NONBLOCK for everybody, and takes it
 * back when the process exits. Nothing is written through it. It leaves a terminal as it is: where that cannot be opened again (not on
 * Linux), Ctrl-S stops the process.
 */
function nonblockingForAll(descriptor: 1 | 2): number {
  return descriptor === 1 ? process.stdout.fd : process.stderr.fd;
}
