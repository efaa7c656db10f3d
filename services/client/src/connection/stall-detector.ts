/** How often it is noted that the process runs. */
const NOTE_MS = 50;

/**
 * Since when what is read now may have waited. A process that was stopped reads old bytes first when it is continued, and
 * cannot tell when they came: they may be as old as the moment at which it was last known to run (R-CMD-4's deadlines).
 */
export class StallDetector {
  #awakeAtMs = performance.now();
  #slept: { readonly sinceMs: number } | undefined;
  readonly #timer = setInterval(() => this.#note(), NOTE_MS).unref();

  /** When bytes that are read at this moment came at the earliest. */
  get arrivedAtMs(): number {
    const nowMs = performance.now();
    if (this.#slept !== undefined) return this.#slept.sinceMs;
    return nowMs - this.#awakeAtMs > 2 * NOTE_MS ? this.#awakeAtMs : nowMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #note(): void {
    const nowMs = performance.now();
    if (nowMs - this.#awakeAtMs > 2 * NOTE_MS) this.#oversleep(this.#awakeAtMs);
    this.#awakeAtMs = nowMs;
  }

  /** Timers come before reading in a turn of the loop: what was read late is still to come in this one. */
  #oversleep(sinceMs: number): void {
    const slept = { sinceMs };
    this.#slept = slept;
    setImmediate(() => {
      if (this.#slept === slept) this.#slept = undefined;
    });
  }
}
