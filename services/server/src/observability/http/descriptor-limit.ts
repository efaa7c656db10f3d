/** The limit of open files of this process. */

import { readFileSync } from 'node:fs';

/** The limit is read again after this long, because `prlimit` can change it while the process runs. */
const LIMIT_VALID_MS = 1000;

/** Returns the soft limit of open files of this process. Returns undefined if the system has no /proc or no limit. */
export function readDescriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** Reads the limit at most once a second. */
export class DescriptorLimit {
  readonly #read: () => number | undefined;
  readonly #nowMs: () => number;
  #validUntilMs = -Infinity;
  #limit: number | undefined;

  /** `nowMs` returns the time of a monotonic clock in milliseconds. */
  constructor(nowMs: () => number, read = readDescriptorLimit) {
    this.#nowMs = nowMs;
    this.#read = read;
  }

  /** The limit. Undefined if the system has none or does not report it. */
  get current(): number | undefined {
    const nowMs = this.#nowMs();
    if (nowMs >= this.#validUntilMs) {
      this.#limit = this.#read();
      this.#validUntilMs = nowMs + LIMIT_VALID_MS;
    }
    return this.#limit;
  }
}
