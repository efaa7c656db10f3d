/** Detects that this process was stopped for a time, for example by SIGSTOP or a suspended machine. */

import type { ClientEnvironment } from '../client-environment.js';
import type { Timer } from '../clock.js';

/** How often the detector records that the process runs, ms. */
const CHECK_MS = 50;

/**
 * Computes the earliest time at which the bytes that are read now can have arrived. A process that continues after a stop first reads old
 * bytes, which may have arrived at any time during the stop. So the deadlines of their commands count from the start of the stop (R-CMD-4).
 */
export class StallDetector {
  readonly #environment: Pick<ClientEnvironment, 'clock' | 'afterReads'>;
  #lastRunAtMs: number;
  #stall: { readonly sinceMs: number } | undefined;
  #timer: Timer;

  constructor(environment: Pick<ClientEnvironment, 'clock' | 'afterReads'>) {
    this.#environment = environment;
    this.#lastRunAtMs = environment.clock.nowMs();
    this.#timer = this.#startTimer();
  }

  /** The earliest time at which the bytes that are read now can have arrived, by the monotonic clock. */
  get arrivedAtMs(): number {
    const nowMs = this.#environment.clock.nowMs();
    if (this.#stall !== undefined) return this.#stall.sinceMs;
    return nowMs - this.#lastRunAtMs > 2 * CHECK_MS ? this.#lastRunAtMs : nowMs;
  }

  /** Stops the detector's timer. */
  stop(): void {
    this.#timer.cancel();
  }

  #startTimer(): Timer {
    return this.#environment.clock.after(CHECK_MS, () => this.#checkForStall(), 'background');
  }

  #checkForStall(): void {
    const nowMs = this.#environment.clock.nowMs();
    if (nowMs - this.#lastRunAtMs > 2 * CHECK_MS) this.#recordStall(this.#lastRunAtMs);
    this.#lastRunAtMs = nowMs;
    this.#timer = this.#startTimer();
  }

  /** Records a stall until the old bytes are read. The event loop runs timers before reads, so the old bytes are read after this call. */
  #recordStall(sinceMs: number): void {
    const stall = { sinceMs };
    this.#stall = stall;
    this.#environment.afterReads(() => {
      if (this.#stall === stall) this.#stall = undefined;
    });
  }
}
