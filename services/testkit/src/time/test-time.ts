/** Time in tests: how a test waits for events. */

import type { Cancellable } from './virtual-clock.js';

/** How often `eventually` probes, ms. */
const PROBE_MS = 10;

/** Time as a test and its peers see it: real time, or a manual clock. */
export abstract class TestTime {
  /** Returns the time in ms from an arbitrary start. It never runs backwards. */
  abstract nowMs(): number;

  /** Calls `run` once after `delayMs`. */
  abstract after(delayMs: number, run: () => void): Cancellable;

  /** Calls `run` after all events that have happened so far are handled. */
  abstract afterTurn(run: () => void): void;

  /** Settles as `event` does. On a manual clock, time passes until then. */
  abstract elapse<T>(event: Promise<T>): Promise<T>;

  /** Calls `run` every `periodMs` until it is cancelled. */
  every(periodMs: number, run: () => void): Cancellable {
    const schedule = (): Cancellable =>
      this.after(periodMs, () => {
        timer = schedule();
        run();
      });
    let timer = schedule();
    return { cancel: () => timer.cancel() };
  }

  /** Resolves after `ms`. Use it for the duration of a fault, not to wait for an event. */
  async pass(ms: number): Promise<void> {
    await this.elapse(new Promise<void>(resolve => this.after(ms, resolve)));
  }

  /**
   * Settles as `event` does.
   * @throws Error that names `what`, if `event` has not settled after `deadlineMs`
   */
  async within<T>(deadlineMs: number, what: string, event: Promise<T>): Promise<T> {
    let timer: Cancellable | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = this.after(deadlineMs, () => reject(new Error(`${what}: not within ${deadlineMs} ms`)));
    });
    try {
      return await this.elapse(Promise.race([event, late]));
    } finally {
      timer?.cancel();
    }
  }

  /**
   * Calls `probe` until it returns a value other than undefined, and returns that value. Use it for states that no event
   * announces.
   * @throws Error that names `what`, after `deadlineMs`
   */
  async eventually<T>(
    deadlineMs: number,
    what: string,
    probe: () => T | undefined | Promise<T | undefined>,
  ): Promise<T> {
    const untilMs = this.nowMs() + deadlineMs;
    for (;;) {
      const found = await probe();
      if (found !== undefined) return found;
      if (this.nowMs() >= untilMs) throw new Error(`${what}: not within ${deadlineMs} ms`);
      await this.pass(PROBE_MS);
    }
  }
}

class RealTime extends TestTime {
  nowMs(): number {
    return performance.now();
  }

  after(delayMs: number, run: () => void): Cancellable {
    const timeout = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  }

  afterTurn(run: () => void): void {
    setImmediate(run);
  }

  elapse<T>(event: Promise<T>): Promise<T> {
    return event;
  }
}

/** The time of the system. */
export const realTime: TestTime = new RealTime();
