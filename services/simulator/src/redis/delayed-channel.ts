/** One direction of a simulated connection to Redis. */

import type { VirtualClock } from '@rankd/testkit';

/** Why a channel delivers nothing: the network is cut, an answer is late, or the reading process is stopped. */
export type ChannelHold = 'cut' | 'late' | 'stopped';

/** One direction of a connection to Redis. Messages arrive complete and in order, after a delay, and only while no hold is set. */
export class DelayedChannel {
  readonly #clock: VirtualClock;
  readonly #delayMs: () => number;
  readonly #holds = new Set<ChannelHold>();
  #arrived: (() => void)[] = [];
  #lastAtMs = 0;
  #state: 'open' | 'gone' = 'open';

  constructor(clock: VirtualClock, delayMs: () => number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  /** Sends a message; `arrive` runs when it arrives. */
  send(arrive: () => void): void {
    this.#lastAtMs = Math.max(this.#lastAtMs, this.#clock.nowMs + this.#delayMs());
    this.#clock.after(this.#lastAtMs - this.#clock.nowMs, () => {
      this.#arrived.push(arrive);
      this.#deliver();
    });
  }

  /** Holds messages until release() for the same reason. */
  hold(why: ChannelHold): void {
    this.#holds.add(why);
  }

  /** Ends a hold. Delivers the waiting messages if no hold is left. */
  release(why: ChannelHold): void {
    if (this.#holds.delete(why)) this.#deliver();
  }

  /** Drops all messages in transit. */
  drop(): void {
    this.#state = 'gone';
    this.#arrived = [];
  }

  #deliver(): void {
    while (this.#state === 'open' && this.#holds.size === 0) {
      const arrive = this.#arrived.shift();
      if (arrive === undefined) return;
      arrive();
    }
  }
}
