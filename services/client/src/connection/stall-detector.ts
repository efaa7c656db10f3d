import type { ClientEnvironment } from '../client-environment.js';
import type { Timer } from '../clock.js';

/** How often the detector records that the process runs. */
const CHECK_MS = 50;

/**
 * Detects that the process was stopped, and says when the bytes that are read now arrived at the earliest. After a stop the
 * process reads old bytes first and cannot see when they arrived: they may be as old as the last moment at which the process
 * is known to have run. Deadlines count from there (R-CMD-4).
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

  /** The earliest time at which bytes that are read at this moment arrived, by the monotonic clock. */
  get arrivedAtMs(): number {
    const nowMs = this.#environment.clock.nowMs();
    if (this.#stall !== undefined) return this.#stall.sinceMs;
    return nowMs - this.#lastRunAtMs > 2 * CHECK_MS ? this.#lastRunAtMs : nowMs;
  }

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

  /** The event loop runs timers before reads, so bytes that arrived during the stall are read after this call. */
  #recordStall(sinceMs: number): void {
    const stall = { sinceMs };
    this.#stall = stall;
    this.#environment.afterReads(() => {
      if (this.#stall === stall) this.#stall = undefined;
    });
  }
}
