import { setTimeout as sleep } from 'node:timers/promises';
import { RankdError, type Observer, type Roster } from '@rankd/client/observer';
import { open, type Connection } from '../connection.js';

/** A server answers ten questions a second; a watch asks for less than half of them. */
const askEveryMs = 250;
const retryMs = 500;

export interface RosterListener {
  roster(roster: Roster): void;
  /** The session ended, or could not be begun; it is tried again. */
  lost(error: RankdError): void;
}

/**
 * Tells every roster of a group, as soon as it changes, over as many sessions as it takes, until `signal` is aborted.
 * @throws RankdError what trying again does not mend
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

/** Rejects with why the session ended. */
async function followRoster(observer: Observer, listener: RosterListener, signal: AbortSignal): Promise<void> {
  using watched = observer;
  const changes = new Changes(watched, signal);
  while (!signal.aborted) {
    changes.forget();
    const roster = await watched.roster();
    listener.roster(roster);
    await sleep(askEveryMs, undefined, { signal });
    await changes.next();
  }
}

/** Whether the roster has changed since it was asked for, and the end of the session, which is told last. */
class Changes {
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
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  forget(): void {
    this.#isPending = false;
  }

  /** @throws RankdError why the session ended */
  async next(): Promise<void> {
    if (!this.#isPending && this.#ended === undefined) await new Promise<void>(resolve => (this.#wake = resolve));
    if (this.#ended !== undefined) throw this.#ended;
  }
}
