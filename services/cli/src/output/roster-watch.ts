/** Follows the roster of a group. */

import { setTimeout as sleep } from 'node:timers/promises';
import { RankdError, type Observer, type Roster } from '@rankd/client/observer';
import { onAbort } from '@rankd/protocol';
import { open, type Connection } from '../connection.js';

/**
 * The shortest time between two queries, ms. The server answers 10 queries a second. With this interval, rankctl sends less than half of
 * that number.
 */
const askEveryMs = 250;
const retryMs = 500;

/** Receives the rosters. */
export interface RosterListener {
  roster(roster: Roster): void;
  /** The session has ended, or no session could be opened. Another attempt follows. */
  lost(error: RankdError): void;
}

/**
 * Passes each roster of a group to the listener when it changes. Opens a new session when one ends, until `signal` is aborted.
 * @throws RankdError if no retry can succeed
 */
export async function watchRoster(
  connection: Connection,
  listener: RosterListener,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      await followRoster(await open(connection, signal), listener, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof RankdError) || !error.retry) throw error;
      listener.lost(error);
      await sleep(error.retryAfterMs ?? retryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Follows the roster on one session. Rejects with the reason when the session ends. */
async function followRoster(observer: Observer, listener: RosterListener, signal: AbortSignal): Promise<void> {
  using watched = observer;
  using changes = new Changes(watched, signal);
  while (!signal.aborted) {
    changes.forget();
    const roster = await watched.roster();
    listener.roster(roster);
    await sleep(askEveryMs, undefined, { signal });
    await changes.next();
  }
}

/** Records whether the roster has changed since the last query, and why the session ended. */
class Changes implements Disposable {
  readonly #removeListener: () => void;
  #isPending = false;
  #ended: RankdError | undefined;
  #wake: () => void = () => undefined;

  constructor(observer: Observer, signal: AbortSignal) {
    observer.on('view', () => {
      this.#isPending = true;
      this.#wake();
    });
    observer.once('closed', error => {
      this.#ended = error;
      this.#wake();
    });
    this.#removeListener = onAbort(signal, () => this.#wake());
  }

  [Symbol.dispose](): void {
    this.#removeListener();
  }

  forget(): void {
    this.#isPending = false;
  }

  /**
   * Resolves at the next change.
   * @throws RankdError the reason, if the session has ended
   */
  async next(): Promise<void> {
    if (!this.#isPending && this.#ended === undefined) await new Promise<void>(resolve => (this.#wake = resolve));
    if (this.#ended !== undefined) throw this.#ended;
  }
}
