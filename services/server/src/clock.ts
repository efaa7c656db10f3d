/** The clock of the server. */

import { performance } from 'node:perf_hooks';

/** Time and timers for the whole server. Tests and the simulator pass their own. */
export interface Clock {
  /** Wall time in whole milliseconds since 1970. It never goes back while the process lives, so differences are durations. */
  wallMs(): number;
  /** Milliseconds since an arbitrary start, without jumps. */
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

const startedAtMs = performance.timeOrigin;

/** The clock of the process. Its wall time is computed from the monotonic clock, so it ignores later changes of the system time. */
export const systemClock: Clock = {
  wallMs: () => Math.floor(startedAtMs + performance.now()),
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
