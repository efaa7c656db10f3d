/** Calls the functions that the application passed to the library, and keeps their errors out of the library. */

import type { EventEmitter } from 'node:events';
import type { Logger, LogMethod } from '../logger.js';

/** An error of a function that the application passed to the library. */
export interface ListenerError {
  /** What the function threw, or what its promise rejected with. */
  readonly error: unknown;
  /**
   * The event whose listener failed, for example `rank`, or the name of the function: `logger`, `acquire`, `release`,
   * `lost`, `dial`, `tls`, `prepare`, `keepClaim`, or `abort` for a listener of a signal that the library created.
   */
  readonly source: string;
}

/**
 * Calls listeners and other functions of the application one by one. If one throws, or returns a promise that rejects, the next ones are
 * still called, and the caller continues. The error becomes the event `listenerError` of `emitter`. Without a listener of that event it is
 * thrown by `process.nextTick`, so that it becomes an uncaught exception.
 */
export class ApplicationCallbacks {
  readonly #emitter: EventEmitter;

  /** @param emitter the object on which the application listens */
  constructor(emitter: EventEmitter) {
    this.#emitter = emitter;
  }

  /** Calls every listener of an event. */
  emit(event: string, payload: unknown): void {
    for (const listener of this.#emitter.rawListeners(event)) {
      this.call(event, () => Reflect.apply(listener, this.#emitter, [payload]));
    }
  }

  /** Calls a function of the application. Reports its error. */
  call(source: string, run: () => unknown): void {
    callSafely(run, error => this.report(source, error));
  }

  /** Emits `listenerError`, or throws the error by `process.nextTick` if nothing listens. */
  report(source: string, error: unknown): void {
    if (!this.notify(source, error)) rethrow(error);
  }

  /**
   * Emits `listenerError` for an error that the application also receives in another way. Returns whether anything listens. An error of
   * such a listener is thrown by `process.nextTick`.
   */
  notify(source: string, error: unknown): boolean {
    const listeners = this.#emitter.rawListeners('listenerError');
    const event: ListenerError = { error, source };
    for (const listener of listeners) callSafely(() => Reflect.apply(listener, this.#emitter, [event]), rethrow);
    return listeners.length > 0;
  }

  /** Returns a logger that writes to `logger` and never throws. */
  isolateLogger(logger: Logger): Logger {
    const method =
      (level: keyof Logger): LogMethod =>
      (fields, message) =>
        this.call('logger', () => logger[level](fields, message));
    return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
  }
}

/** Calls `run`. Passes what it throws, or what its promise rejects with, to `onError`. */
function callSafely(run: () => unknown, onError: (error: unknown) => void): void {
  try {
    const result = run();
    if (isThenable(result)) result.then(undefined, onError);
  } catch (error) {
    onError(error);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject && typeof (value as { readonly then?: unknown }).then === 'function';
}

function rethrow(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
