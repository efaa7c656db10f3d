/** Limits how often the page is redrawn. */

/** The shortest time between two redraws, ms. */
export const DRAW_MS = 50;
/**
 * A browser delays timers in a hidden page. If more items than this are pending, the throttle passes them on without waiting for the timer.
 */
export const PENDING_MAX = 2000;

/** The clock and the timers that the throttle uses. */
export interface Clock {
  nowMs(): number;
  after(delayMs: number, run: () => void): void;
}

/** Passes items on in batches, at most one batch per DRAW_MS. The first item after a pause is passed on at once. */
export class Throttle<T> {
  readonly #clock: Clock;
  readonly #take: (items: readonly T[]) => void;
  #pending: T[] = [];
  #takenMs = Number.NEGATIVE_INFINITY;
  #isWaiting = false;

  constructor(take: (items: readonly T[]) => void, clock: Clock = browserClock) {
    this.#take = take;
    this.#clock = clock;
  }

  /** Adds items to the next batch. */
  add(items: readonly T[]): void {
    for (const item of items) this.#pending.push(item);
    const leftMs = this.#takenMs + DRAW_MS - this.#clock.nowMs();
    if (leftMs <= 0 || this.#pending.length > PENDING_MAX) this.#flush();
    else if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.#clock.after(leftMs, () => {
        this.#isWaiting = false;
        this.#flush();
      });
    }
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    const items = this.#pending;
    this.#pending = [];
    this.#takenMs = this.#clock.nowMs();
    this.#take(items);
  }
}

const browserClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, run) => void setTimeout(run, delayMs),
};
