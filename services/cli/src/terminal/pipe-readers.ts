/** Finds out whether the pipe or the socket that standard output goes to still has a reader. */

import { fstatSync, readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';

/** How often the readers are checked, ms. */
const CHECK_MS = 500;
/** The access modes of an open file, in its flags. */
const [ACCESS_MODE, WRITE_ONLY] = [0o3, 0o1];

/** Whether a file descriptor of a process is an end of the pipe. `hidden`: this user may not look at the process. */
type End = 'open' | 'closed' | 'hidden';

/**
 * Calls `onGone` once, when the last process that read from the pipe or the socket `fd` has closed it. A write would fail, but a verb that
 * does not end by itself may have nothing to write for hours. Call it before the first write: a process like `head` ends soon after.
 *
 * A socket whose other end is closed rejects even a write of no bytes. It accepts that write if the other end still reads, even if that end
 * no longer writes. A pipe accepts a write of no bytes. Linux lists the open files of processes in /proc. Where it does not list a reader
 * (another system, another user, a reader outside of the container), this function does nothing, and the next write shows that the reader
 * is gone.
 */
export function watchReaders(fd: number, onGone: () => void): void {
  const stats = fstatSync(fd);
  if (stats.isSocket()) watchSocket(fd, onGone);
  if (!stats.isFIFO()) return;
  const pipe = `pipe:[${stats.ino}]`;
  let readers = readersOf(pipe);
  if (readers.length === 0) return;
  const timer = setInterval(() => {
    const ends = readers.map(reader => endOf(reader, pipe));
    if (ends.includes('open')) return;
    // A reader may have passed its end on to another process.
    readers = ends.includes('hidden') ? [] : readersOf(pipe);
    if (readers.length > 0) return;
    clearInterval(timer);
    if (!ends.includes('hidden')) onGone();
  }, CHECK_MS);
  timer.unref();
}

function watchSocket(fd: number, onGone: () => void): void {
  const timer = setInterval(() => {
    if (hasReader(fd)) return;
    clearInterval(timer);
    onGone();
  }, CHECK_MS);
  timer.unref();
}

function hasReader(socket: number): boolean {
  try {
    writeSync(socket, new Uint8Array(0));
    return true;
  } catch (error) {
    // A full socket has a slow reader.
    return (error as NodeJS.ErrnoException).code === 'EAGAIN';
  }
}

/** Returns the file descriptors, as paths in /proc, from which visible processes read this pipe. */
function readersOf(pipe: string): string[] {
  return entriesOf('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => entriesOf(`/proc/${pid}/fd`).map(number => `/proc/${pid}/fd/${number}`))
    .filter(path => endOf(path, pipe) === 'open' && isReadable(path));
}

function endOf(path: string, pipe: string): End {
  try {
    return readlinkSync(path) === pipe ? 'open' : 'closed';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'hidden' : 'closed';
  }
}

function isReadable(path: string): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(path.replace('/fd/', '/fdinfo/'), 'utf8'))?.[1] ?? '';
    return (Number.parseInt(flags, 8) & ACCESS_MODE) !== WRITE_ONLY;
  } catch {
    return false;
  }
}

/** Returns nothing for a process that has ended or belongs to another user. */
function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
