/** The clock of the server. */

import { performance } from 'node:perf_hooks';

/** Time and timers for the whole server. Tests and the simulator pass their own. */
export interface Clock {
  /**
   * Wall time in whole milliseconds since 1970, for people and for new epochs. It follows the system clock, which operators and time servers
   * set forwards and back. So a difference of two wall times is no duration.
   */
  wallMs(): number;
  /** Milliseconds since an arbitrary start, without jumps. All durations are measured with it. */
  monotonicMs(): number;
  /** Calls `run` after `delayMs`. Returns a timer with which it can be cancelled. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` at the end of this round of the event loop, when all events that have already happened are handled. */
  soon(run: () => void): void;
}

/** A function call in the future that can be cancelled. */
export interface Timer {
  cancel(): void;
}

/** The clock of the process. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timeout = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
  soon: run => void setImmediate(run),
};

/** Calls `run` every `periodMs` until the returned timer is cancelled. */
export function repeat(clock: Clock, periodMs: number, run: () => void): Timer {
  const schedule = (): Timer =>
    clock.after(periodMs, () => {
      timer = schedule();
      run();
    });
  let timer = schedule();
  return { cancel: () => timer.cancel() };
}
