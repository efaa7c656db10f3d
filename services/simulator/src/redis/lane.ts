import type { VirtualClock } from '@rankd/testkit';

/** Why nothing arrives: the network, an answer that is late, or the reading process being stopped. */
export type LaneHold = 'cut' | 'late' | 'stopped';

/** One direction of a connection with Redis: what is sent arrives whole and in order, however long it takes. */
export class Lane {
  readonly #clock: VirtualClock;
  readonly #delayMs: () => number;
  readonly #holds = new Set<LaneHold>();
  #arrived: (() => void)[] = [];
  #lastAtMs = 0;
  #state: 'open' | 'gone' = 'open';

  constructor(clock: VirtualClock, delayMs: () => number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  send(arrive: () => void): void {
    this.#lastAtMs = Math.max(this.#lastAtMs, this.#clock.nowMs + this.#delayMs());
    this.#clock.after(this.#lastAtMs - this.#clock.nowMs, () => {
      this.#arrived.push(arrive);
      this.#deliver();
    });
  }

  hold(why: LaneHold): void {
    this.#holds.add(why);
  }

  release(why: LaneHold): void {
    if (this.#holds.delete(why)) this.#deliver();
  }

  /** What is under way never arrives. */
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
