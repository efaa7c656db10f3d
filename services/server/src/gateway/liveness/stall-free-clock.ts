/** Timers are a little late even where nothing is wrong. */
const LATENESS = 1.2;

/**
 * A clock that stands still while the server's event loop does. R-LIFE-1: a server that was late by d lengthens every deadline
 * by d, so that its own stall is never held against its members.
 */
export class StallFreeClock {
  readonly #tickMs: number;
  readonly #monotonicMs: () => number;
  #untilTickMs = 0;
  #lastTickMs: number;

  constructor(tickMs: number, monotonicMs: () => number) {
    this.#tickMs = tickMs;
    this.#monotonicMs = monotonicMs;
    this.#lastTickMs = monotonicMs();
  }

  /** Time beyond one tick since the last tick was a stall. */
  get nowMs(): number {
    return this.#untilTickMs + Math.min(this.#monotonicMs() - this.#lastTickMs, LATENESS * this.#tickMs);
  }

  /** Called every `tickMs`. */
  tick(): void {
    this.#untilTickMs = this.nowMs;
    this.#lastTickMs = this.#monotonicMs();
  }
}
