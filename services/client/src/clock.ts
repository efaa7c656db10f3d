/** Monotonic time and timers. */

import { onAbort } from '@rankd/protocol';

/** A monotonic clock with timers. The library reads time and sets timers only through it, so that tests can pass a clock of their own. */
export interface Clock {
  /** The time in ms from an arbitrary start. It never runs backwards. */
  nowMs(): number;
  /** Calls `run` once after `delayMs`. A `background` timer does not keep the process running. */
  after(delayMs: number, run: () => void, lifetime?: 'background'): Timer;
}

/** A timer that has been set. */
export interface Timer {
  /** Stops the timer. Does nothing if the timer has fired. */
  cancel(): void;
}

/** The clock of the system. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, run, lifetime) => {
    const timeout = setTimeout(run, delayMs);
    if (lifetime === 'background') timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};

/** Resolves after `delayMs`, or as soon as `signal` is aborted. */
export async function sleep(
  clock: Clock,
  delayMs: number,
  { signal, lifetime }: { readonly signal?: AbortSignal; readonly lifetime?: 'background' } = {},
): Promise<void> {
  if (signal?.aborted === true) return;
  let removeListener: () => void = () => undefined;
  await new Promise<void>(resolve => {
    const timer = clock.after(delayMs, resolve, lifetime);
    if (signal === undefined) return;
    removeListener = onAbort(signal, () => {
      timer.cancel();
      resolve();
    });
  });
  removeListener();
}
