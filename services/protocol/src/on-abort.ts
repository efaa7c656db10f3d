/** Adds listeners to signals that may live long and may never be aborted. */

interface Listeners {
  readonly runs: Set<() => void>;
  readonly call: () => void;
}

const listenersOf = new WeakMap<AbortSignal, Listeners>();

/**
 * Calls `run` once when `signal` is aborted: at once if it is aborted already. Returns a function that removes `run`. A signal has one
 * event listener for all its runs, and none while it has no run: Node warns about the 11th listener of a signal. `AbortSignal.any` is
 * not used, because a long-lived signal keeps a part of every signal that was combined with it.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) {
    run();
    return () => undefined;
  }
  const listeners = listenersOf.get(signal) ?? addListener(signal);
  // Each call has a function of its own, so that the same `run` can be added twice.
  const own = (): void => run();
  listeners.runs.add(own);
  return () => {
    if (!listeners.runs.delete(own) || listeners.runs.size > 0) return;
    signal.removeEventListener('abort', listeners.call);
    if (listenersOf.get(signal) === listeners) listenersOf.delete(signal);
  };
}

function addListener(signal: AbortSignal): Listeners {
  const runs = new Set<() => void>();
  const call = (): void => {
    listenersOf.delete(signal);
    for (const run of runs) {
      runs.delete(run);
      run();
    }
  };
  signal.addEventListener('abort', call, { once: true });
  const listeners = { runs, call };
  listenersOf.set(signal, listeners);
  return listeners;
}
