/** Waits while a server cannot apply a shard. */

import type { Clock } from '../../clock.js';
import { StreamError } from '../stream-error.js';
import type { BlockedShard } from './blocked-shard.js';

/** The delay before the next attempt to read the shard. It begins with `first` and doubles up to `longest`. */
export const BLOCKED_RETRY_MS = { first: 1000, longest: 30_000 };

/** The functions and values that a BlockedWait gets from its owner. */
export interface BlockedWaitPorts {
  readonly clock: Clock;
  /**
   * Reads a shard without joining it. Returns what this server cannot apply, or undefined.
   * @throws StreamError if the shard cannot be read.
   */
  readonly findBlocked: (shard: number) => Promise<BlockedShard | undefined>;
  /** Reports what blocks this server. Called once for each record. */
  readonly onBlocked: (blocked: BlockedShard) => void;
}

/**
 * The wait of a server that cannot apply a shard. It reads the shard again and again without joining it, so that it does not join and leave
 * repeatedly. It ends when the shard can be applied: a snapshot contains the blocking entry, the entry is lost with the end of the stream,
 * or applying the entry no longer throws.
 */
export class BlockedWait {
  readonly #ports: BlockedWaitPorts;
  #blocked: BlockedShard | undefined;
  /** This delay also grows if the shard can be read and this server is blocked again before it has joined. */
  #delayMs = BLOCKED_RETRY_MS.first;
  #state: 'open' | 'stopped' = 'open';
  #wake: () => void = () => undefined;

  constructor(ports: BlockedWaitPorts) {
    this.#ports = ports;
  }

  /** What this server cannot apply. Undefined if it is not blocked. */
  get blocked(): BlockedShard | undefined {
    return this.#blocked;
  }

  /** Records what this server cannot apply, and reports it unless it is the same as before. */
  block(blocked: BlockedShard): void {
    const before = this.#blocked;
    this.#blocked = blocked;
    if (before?.shard === blocked.shard && before.record === blocked.record && before.entry === blocked.entry) return;
    this.#ports.onBlocked(blocked);
  }

  /** Records that this server has joined the cluster, so it is not blocked. */
  clear(): void {
    this.#blocked = undefined;
    this.#delayMs = BLOCKED_RETRY_MS.first;
  }

  /** Resolves at once if this server is not blocked. Otherwise resolves when the shard can be applied, or after stop(). */
  async waitUntilPassable(): Promise<void> {
    for (let blocked = this.#blocked; blocked !== undefined;) {
      await this.#pause(this.#delayMs);
      if (this.#state === 'stopped') return;
      this.#delayMs = Math.min(2 * this.#delayMs, BLOCKED_RETRY_MS.longest);
      blocked = await this.#findAgain(blocked);
    }
  }

  /** Ends the wait. */
  stop(): void {
    this.#state = 'stopped';
    this.#wake();
  }

  async #findAgain(blocked: BlockedShard): Promise<BlockedShard | undefined> {
    try {
      const found = await this.#ports.findBlocked(blocked.shard);
      if (found !== undefined) this.block(found);
      return found;
    } catch (error) {
      // Redis is unavailable. The connection reports that.
      if (error instanceof StreamError) return blocked;
      throw error;
    }
  }

  async #pause(delayMs: number): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = this.#ports.clock.after(delayMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
