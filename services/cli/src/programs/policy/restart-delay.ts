/** The delay before a program or a guard is started again after it has ended. */

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/** Delays that double from 1 s to 30 s. The next delay is 1 s again if nothing has ended for 30 s. */
export class RestartDelay {
  #delayMs = FIRST_MS;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Returns the delay after an end at `nowMs`, ms. */
  next(nowMs: number): number {
    // The time since the last end includes the delay that followed it.
    const calmMs = nowMs - this.#lastMs;
    const delayMs = calmMs > LONGEST_MS + this.#delayMs ? FIRST_MS : this.#delayMs;
    this.#delayMs = Math.min(2 * delayMs, LONGEST_MS);
    this.#lastMs = nowMs;
    return delayMs;
  }
}
