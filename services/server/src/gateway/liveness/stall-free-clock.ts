/** A clock that does not count stalls of this server. */

/** Timers are always a little late. A tick may therefore take this many times `tickMs`. Only longer delays count as a stall. */
const LATENESS = 1.2;

/**
 * A clock that stops while the server's event loop is blocked. A server that was late by d lengthens every deadline by d (R-LIFE-1), so
 * that its own stall does not end its members.
 */
export class StallFreeClock {
  readonly #tickMs: number;
  readonly #monotonicMs: () => number;
  #untilTickMs = 0;
  #lastTickMs: number;

  /** `monotonicMs` returns the time of a monotonic clock in milliseconds. */
  constructor(tickMs: number, monotonicMs: () => number) {
    this.#tickMs = tickMs;
    this.#monotonicMs = monotonicMs;
    this.#lastTickMs = monotonicMs();
  }

  /** The present time in milliseconds. Of the time since the last tick, at most LATENESS ticks count. */
  get nowMs(): number {
    return this.#untilTickMs + Math.min(this.#monotonicMs() - this.#lastTickMs, LATENESS * this.#tickMs);
  }

  /** Must be called every `tickMs`. */
  tick(): void {
    this.#untilTickMs = this.nowMs;
    this.#lastTickMs = this.#monotonicMs();
  }
}
