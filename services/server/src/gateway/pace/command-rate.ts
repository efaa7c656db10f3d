/** RANKD_COMMANDS_PER_SECOND, at the server that accepts the commands. */

import { TokenBucket } from './token-bucket.js';

/**
 * Counts the commands of each sender. In a cluster this server refuses a command over the limit without an entry in the log. A sender may
 * send a burst of one second.
 */
export class CommandRate {
  readonly #perSecond: number;
  readonly #nowMs: () => number;
  /** By sender: a member over all its sessions at this server, or the session of an administrator. */
  readonly #buckets = new WeakMap<object, TokenBucket>();

  /** `perSecond` 0 means no limit. `nowMs` returns the time of a monotonic clock. */
  constructor(perSecond: number, nowMs: () => number) {
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
  }

  /** Counts a command. Returns whether it is within the limit. */
  countCommand(sender: object): boolean {
    if (this.#perSecond === 0) return true;
    const bucket = this.#buckets.get(sender) ?? new TokenBucket(this.#perSecond, this.#perSecond);
    this.#buckets.set(sender, bucket);
    return bucket.take(this.#nowMs());
  }
}
