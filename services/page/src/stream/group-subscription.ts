/** Watches a group over several streams. */

import { retryDelayMs, type Connection } from './connection.js';
import { readEvents } from './event-reader.js';
import type { StreamEvent } from '../model/stream-event.js';

/** Receives the events of a group and the state of the connection. */
export interface GroupListener {
  update(events: readonly StreamEvent[]): void;
  connection(connection: Connection): void;
}

/** Watches a group. Reconnects after a loss, until it is stopped or the token is wrong. */
export class GroupSubscription {
  readonly #path: string;
  readonly #token: string | undefined;
  readonly #listener: GroupListener;
  readonly #stopping = new AbortController();
  #reading = new AbortController();
  #wake: () => void = () => undefined;
  /** How many attempts in a row have failed. */
  #failures = 0;
  #lostMs = 0;

  constructor(group: string, token: string | undefined, watcher: GroupListener) {
    this.#path = `/api/groups/${encodeURIComponent(group)}/events?pulse`;
    this.#token = token;
    this.#listener = watcher;
    // The network is available again, or the page is visible again: retry at once.
    const { signal } = this.#stopping;
    addEventListener('online', () => this.#wake(), { signal });
    document.addEventListener('visibilitychange', () => this.#wake(), { signal });
    void this.#run();
  }

  /** Ends the subscription. */
  stop(): void {
    this.#stopping.abort();
    this.#reading.abort();
    this.#wake();
  }

  /** Opens a new stream, which starts with the complete roster. */
  restart(): void {
    this.#reading.abort();
  }

  #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped()) {
      this.#reading = new AbortController();
      const ending = await readEvents({
        path: this.#path,
        token: this.#token,
        signal: this.#reading.signal,
        told: events => this.#notify(events),
      });
      if (this.#isStopped()) return;
      if (ending.kind === 'locked') {
        this.#listener.connection({ kind: 'locked', given: this.#token !== undefined });
        return;
      }
      await this.#reportLost(ending.why);
    }
  }

  #notify(events: readonly StreamEvent[]): void {
    if (this.#isStopped()) return;
    this.#listener.update(events);
    // Each stream starts with a roster. With it the page is up to date.
    if (!events.some(({ event }) => event === 'roster')) return;
    this.#failures = 0;
    this.#listener.connection({ kind: 'live' });
  }

  async #reportLost(why: string): Promise<void> {
    const nowMs = Date.now();
    if (this.#failures === 0) this.#lostMs = nowMs;
    const delayMs = retryDelayMs(this.#failures, Math.random());
    this.#failures += 1;
    this.#listener.connection({ kind: 'lost', sinceMs: this.#lostMs, retryAtMs: nowMs + delayMs, why });
    await new Promise<void>(resolve => {
      this.#wake = resolve;
      setTimeout(resolve, delayMs);
    });
  }
}
