/**
 * Decides which tab of the browser may have a stream. Over HTTP/1.1 a browser opens at most six connections to a server for all its tabs
 * together, so not every tab can have one.
 */

import { onAbort } from '@rankd/protocol/on-abort';

/** The right to have a stream. */
export interface StreamTurn {
  /**
   * Runs `read` once this tab may have a stream. The signal of `read` is aborted when the tab must end its stream. Returns the result of
   * `read`. Returns `given up` if another tab took the stream or `stopping` was aborted.
   */
  hold<T>(read: (signal: AbortSignal) => Promise<T>, stopping: AbortSignal): Promise<T | 'given up'>;
  /** Takes the stream from the tab that has it, because that tab does not answer. */
  take(): void;
}

/** Gives the stream to one tab at a time with Web Locks. When that tab ends, the tab that has waited longest is next. */
export class LockTurn implements StreamTurn {
  readonly #locks: LockManager;
  readonly #name: string;
  #isTaking = false;
  #stopWaiting: () => void = () => undefined;

  constructor(locks: LockManager, name: string) {
    this.#locks = locks;
    this.#name = name;
  }

  async hold<T>(read: (signal: AbortSignal) => Promise<T>, stopping: AbortSignal): Promise<T | 'given up'> {
    const waiting = new AbortController();
    const taken = new AbortController();
    this.#stopWaiting = () => waiting.abort();
    const removeListener = onAbort(stopping, () => waiting.abort());
    const options = this.#isTaking ? { steal: true } : { signal: waiting.signal };
    this.#isTaking = false;
    try {
      return await this.#locks.request(this.#name, options, async () => await read(taken.signal));
    } catch (error) {
      // AbortError: the request was aborted, or another tab has taken the lock. Other errors: the browser forbids locks, so this tab opens
      // its own stream.
      if ((error as Error).name !== 'AbortError') return await read(taken.signal);
      taken.abort();
      return 'given up';
    } finally {
      removeListener();
    }
  }

  take(): void {
    this.#isTaking = true;
    this.#stopWaiting();
  }
}

/**
 * For a page that was not loaded over HTTPS and therefore has no Web Locks. Each tab has its own stream, and ends it while the tab is
 * hidden.
 */
export class VisibleTurn implements StreamTurn {
  async hold<T>(read: (signal: AbortSignal) => Promise<T>, stopping: AbortSignal): Promise<T | 'given up'> {
    await untilVisible(stopping);
    if (stopping.aborted) return 'given up';
    const hidden = new AbortController();
    const follow = (): void => {
      if (document.hidden) hidden.abort();
    };
    document.addEventListener('visibilitychange', follow);
    const result = await read(hidden.signal).finally(() => document.removeEventListener('visibilitychange', follow));
    return hidden.signal.aborted ? 'given up' : result;
  }

  take(): void {
    // Each tab has its own stream.
  }
}

async function untilVisible(stopping: AbortSignal): Promise<void> {
  if (!document.hidden || stopping.aborted) return;
  await new Promise<void>(resolve => {
    const look = (): void => {
      if (document.hidden && !stopping.aborted) return;
      document.removeEventListener('visibilitychange', look);
      removeListener();
      resolve();
    };
    const removeListener = onAbort(stopping, look);
    document.addEventListener('visibilitychange', look);
  });
}
