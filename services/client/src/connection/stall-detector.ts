/** How often it is noted that the process runs. */
const CHECK_MS = 50;

/**
 * Since when what is read now may have waited. A process that was stopped reads old bytes first when it is continued, and
 * cannot tell when they came: they may be as old as the moment at which it was last known to run (R-CMD-4's deadlines).
 */
export class StallDetector {
  #lastRunAtMs = performance.now();
  #stall: { readonly sinceMs: number } | undefined;
  readonly #timer = setInterval(() => this.#checkForStall(), CHECK_MS).unref();

  /** When bytes that are read at this moment came at the earliest. */
  get arrivedAtMs(): number {
    const nowMs = performance.now();
    if (this.#stall !== undefined) return this.#stall.sinceMs;
    return nowMs - this.#lastRunAtMs > 2 * CHECK_MS ? this.#lastRunAtMs : nowMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #checkForStall(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lastRunAtMs > 2 * CHECK_MS) this.#recordStall(this.#lastRunAtMs);
    this.#lastRunAtMs = nowMs;
  }

  /** Timers come before reading in a turn of the loop: what was read late is still to come in this one. */
  #recordStall(sinceMs: number): void {
    const slept = { sinceMs };
    this.#stall = slept;
    setImmediate(() => {
      if (this.#stall === slept) this.#stall = undefined;
    });
  }
}
