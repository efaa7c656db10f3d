/** Reports the errors of listeners that the application adds to a signal of the library. */

import type { ApplicationCallbacks } from './application-callbacks.js';

type AbortListener = Parameters<AbortSignal['addEventListener']>[1];
type AddOptions = Parameters<AbortSignal['addEventListener']>[2];
type RemoveOptions = Parameters<AbortSignal['removeEventListener']>[2];

/**
 * Emits `listenerError` when an abort listener of `signal` throws. If nothing listens to that event, the error is thrown by
 * `process.nextTick`, as Node does without this function.
 */
export function reportAbortErrors(signal: AbortSignal, callbacks: ApplicationCallbacks): void {
  const addEventListener = signal.addEventListener.bind(signal);
  const removeEventListener = signal.removeEventListener.bind(signal);
  // The same listener has the same wrapper, so that it is added once and can be removed.
  const wrappers = new WeakMap<object, (event: Event) => void>();
  const wrapperOf = (listener: AbortListener): AbortListener => {
    // Node refuses what is neither a function nor an object.
    if (!isObject(listener)) return listener;
    const known = wrappers.get(listener);
    if (known !== undefined) return known;
    const wrapper = (event: Event): void => callbacks.call('abort', () => callListener(signal, listener, event));
    wrappers.set(listener, wrapper);
    return wrapper;
  };
  let onabort: AbortListener | null = null;
  Object.defineProperties(signal, {
    addEventListener: {
      value: (type: string, listener: AbortListener, options?: AddOptions) => {
        addEventListener(type, wrapperOf(listener), options);
      },
    },
    removeEventListener: {
      value: (type: string, listener: AbortListener, options?: RemoveOptions) => {
        removeEventListener(type, wrapperOf(listener), options);
      },
    },
    onabort: {
      get: () => onabort,
      set: (listener: unknown) => {
        if (onabort !== null) removeEventListener('abort', wrapperOf(onabort));
        onabort = typeof listener === 'function' ? (listener as AbortListener) : null;
        if (onabort !== null) addEventListener('abort', wrapperOf(onabort));
      },
    },
  });
}

function isObject(listener: unknown): listener is object {
  return typeof listener === 'function' || (typeof listener === 'object' && listener !== null);
}

/** An async listener returns a promise, although the type has none. */
function callListener(signal: AbortSignal, listener: AbortListener, event: Event): unknown {
  const call: (event: Event) => unknown =
    typeof listener === 'function' ? listener.bind(signal) : listener.handleEvent.bind(listener);
  return call(event);
}
