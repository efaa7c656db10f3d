/** Notices that the connection of a stopped rankctl has closed (R-PROG-4: then its program is killed at once). */

import { readFileSync, readlinkSync } from 'node:fs';

/** How often to look whether rankctl is stopped, ms. */
const LOOK_EVERY_MS = 50;
/** How long to wait before checking again that a connection is closed, ms. While the kernel changes its table, an entry may be missing. */
const CONFIRM_MS = 5;
/** The state ESTABLISHED in the kernel's table of connections. */
const ESTABLISHED = '01';

/**
 * Watches a socket that this process shares with rankctl, and never reads it. A rankctl that runs notices a closed connection itself. Does
 * nothing on a system without /proc: there the program is killed when the lease ends.
 */
export class ConnectionWatch {
  readonly #inode: string | undefined;
  readonly #rankctl: number;
  readonly #onClosed: () => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param descriptor the descriptor of the socket. Undefined: there is none
   * @param rankctl the process id of rankctl
   */
  constructor(descriptor: number | undefined, rankctl: number, onClosed: () => void) {
    this.#inode = descriptor === undefined ? undefined : inodeOf(descriptor);
    this.#rankctl = rankctl;
    this.#onClosed = onClosed;
  }

  /** Starts to watch. Does nothing if it watches already. */
  start(): void {
    if (this.#inode !== undefined) this.#timer ??= setTimeout(() => this.#look(0), LOOK_EVERY_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(closedBefore: number): void {
    const isClosed = isStopped(this.#rankctl) && !isConnected(this.#inode ?? '');
    if (isClosed && closedBefore > 0) {
      this.#timer = undefined;
      this.#onClosed();
      return;
    }
    this.#timer = setTimeout(() => this.#look(isClosed ? 1 : 0), isClosed ? CONFIRM_MS : LOOK_EVERY_MS);
  }
}

/** Returns the inode of a socket. Undefined if the descriptor is no socket, or if the system has no /proc. */
function inodeOf(descriptor: number): string | undefined {
  try {
    const [, inode] = readlinkSync(`/proc/self/fd/${descriptor}`).split(/[[\]]/);
    return inode;
  } catch {
    return undefined;
  }
}

/** Returns whether SIGSTOP or a debugger has stopped a process. */
function isStopped(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  // The name of the file, in brackets, may contain anything.
  return stat !== undefined && /^[Tt] /.test(stat.slice(stat.lastIndexOf(')') + 2));
}

/** Returns whether a TCP connection is open in both directions. True if the system has no such table. */
function isConnected(inode: string): boolean {
  const tables = ['tcp', 'tcp6'].map(name => read(`/proc/self/net/${name}`)).filter(table => table !== undefined);
  const rows = tables.flatMap(table => table.split('\n')).map(row => row.trim().split(/ +/));
  return tables.length === 0 || rows.some(row => row[9] === inode && row[3] === ESTABLISHED);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
