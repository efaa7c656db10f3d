import { performance } from 'node:perf_hooks';

/** Time as the server's rooms see it; tests and the simulator bring their own. */
export interface Clock {
  /** Wall clock, whole ms since 1970; never goes back while the process lives, so differences of it are durations. */
  wallMs(): number;
  /** Runs from an arbitrary start and never jumps. */
  monotonicMs(): number;
  /** For how long, in all, there was nothing to do. */
  idleMs(): number;
  after(delayMs: number, run: () => void): Timer;
  /** Once everything that has already happened has been dealt with. */
  soon(run: () => void): void;
}

export interface Timer {
  cancel(): void;
}

const startedAtMs = performance.timeOrigin;

export const systemClock: Clock = {
  wallMs: () => Math.floor(startedAtMs + performance.now()),
  monotonicMs: () => performance.now(),
  idleMs: () => performance.eventLoopUtilization().idle,
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
