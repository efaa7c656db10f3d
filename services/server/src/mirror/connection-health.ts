import type { Watcher } from '../server-event.js';
import { errorSummary } from '../error-summary.js';
import { reconnectDelayMs } from '../redis/reconnect-delay.js';

const RETRY_MS = 500;

const CLOSED = 'connection closed';

/** Whether Redis takes what it is sent, and why not; told once, however often it fails. */
export class ConnectionHealth {
  /** Where it is, in words for a log. */
  readonly #server: string;
  readonly #watch: Watcher;
  #state: 'unknown' | 'up' | 'down' = 'unknown';
  #reporting: 'open' | 'closed' = 'open';
  #refusal = '';

  constructor(server: string, watch: Watcher) {
    this.#server = server;
    this.#watch = watch;
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Why it is not up, so far as it knows. */
  get reason(): string | undefined {
    if (this.#state === 'up') return undefined;
    if (this.#state === 'unknown') return 'not connected yet';
    return this.#refusal === '' ? CLOSED : this.#refusal;
  }

  /** How long to wait before trying again. */
  get retryMs(): number {
    return reconnectDelayMs(this.#refusal, RETRY_MS);
  }

  recordSuccess(): void {
    this.#refusal = '';
    if (this.#state === 'up') return;
    this.#state = 'up';
    this.#watch({ event: 'mirror.up', server: this.#server });
  }

  recordFailure(error: unknown): void {
    this.#refusal = errorSummary(error);
    this.#reportDown(this.#refusal);
  }

  /** The connection has closed: no news where something failed before. */
  recordDisconnect(): void {
    this.#reportDown(CLOSED);
  }

  /** What fails from now on fails because the mirror lets go. */
  close(): void {
    this.#reporting = 'closed';
  }

  #reportDown(reason: string): void {
    if (this.#state === 'down' || this.#reporting === 'closed') return;
    this.#state = 'down';
    this.#watch({ event: 'mirror.down', server: this.#server, reason });
  }
}
