/** The monotonic clock and the timers that the library uses. The simulator and the tests have their own. */
export interface Clock {
  /** Monotonic, ms, from an arbitrary start. */
  nowMs(): number;
  /** Calls `run` once after `delayMs`. A `background` timer does not keep the process running. */
  after(delayMs: number, run: () => void, lifetime?: 'background'): Timer;
}

export interface Timer {
  cancel(): void;
}

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
  await new Promise<void>(resolve => {
    const wake = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = clock.after(delayMs, wake, lifetime);
    signal?.addEventListener('abort', wake, { once: true });
  });
}
