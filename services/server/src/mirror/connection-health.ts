/** Whether the mirror's writes to Redis succeed. */

import type { Watcher } from '../server-event.js';
import { errorSummary } from '../error-summary.js';
import { reconnectDelayMs } from '../redis/reconnect-delay.js';

/** The delay before the next attempt, unless Redis refuses access. */
const RETRY_MS = 500;

const CLOSED = 'connection closed';

/** Records the successes and failures of the mirror's connection. Reports `mirror.up` and `mirror.down` when the state changes. */
export class ConnectionHealth {
  /** The address of Redis for log lines, without credentials. */
  readonly #server: string;
  readonly #watch: Watcher;
  #state: 'unknown' | 'up' | 'down' = 'unknown';
  #reporting: 'open' | 'closed' = 'open';
  #refusal = '';
  #pace: 'usual' | 'hurried' = 'usual';
  #reportFirstDown: () => void = () => undefined;
  readonly #firstDown = new Promise<void>(resolve => (this.#reportFirstDown = resolve));

  constructor(server: string, watch: Watcher) {
    this.#server = server;
    this.#watch = watch;
  }

  /** Whether Redis has answered since the last failure. */
  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Why the mirror is down. Undefined if it is up. */
  get reason(): string | undefined {
    if (this.#state === 'up') return undefined;
    if (this.#state === 'unknown') return 'not connected yet';
    return this.#refusal === '' ? CLOSED : this.#refusal;
  }

  /** Resolves when the mirror is down for the first time. */
  async whenDown(): Promise<void> {
    await this.#firstDown;
  }

  /** The delay before the next attempt, in milliseconds. It is longer if Redis refuses access and no member waits for Redis. */
  get retryMs(): number {
    return this.#pace === 'hurried' ? RETRY_MS : reconnectDelayMs(this.#refusal, RETRY_MS);
  }

  /** Sets how soon Redis is tried again. `hurried`: soon even if Redis refuses access, because members wait. */
  setPace(pace: 'usual' | 'hurried'): void {
    this.#pace = pace;
  }

  /** Records that Redis has answered. */
  recordSuccess(): void {
    this.#refusal = '';
    if (this.#state === 'up') return;
    this.#state = 'up';
    this.#watch({ event: 'mirror.up', server: this.#server });
  }

  /** Records that a connection or a command has failed. */
  recordFailure(error: unknown): void {
    this.#refusal = errorSummary(error);
    this.#reportDown(this.#refusal);
  }

  /** Records that the connection has closed. Logs nothing if the mirror is down already. */
  recordDisconnect(): void {
    this.#reportDown(CLOSED);
  }

  /** Stops reporting, because the mirror closes its connection on purpose. */
  close(): void {
    this.#reporting = 'closed';
  }

  #reportDown(reason: string): void {
    if (this.#state === 'down' || this.#reporting === 'closed') return;
    this.#state = 'down';
    this.#reportFirstDown();
    this.#watch({ event: 'mirror.down', server: this.#server, reason });
  }
}
