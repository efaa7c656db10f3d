/** A connection to a primary of Redis that is opened again whenever it is lost. */

import type { Redis } from 'ioredis';
import type { Clock, Timer } from '../../clock.js';
import { errorSummary } from '../../error-summary.js';
import { reconnectDelayMs } from '../../redis/reconnect-delay.js';
import type { StreamEnvironment } from '../environment.js';
import type { ConnectionState } from '../settings.js';
import { ANSWER_MS, withTimeout } from '../with-timeout.js';
import { CONNECT_MS, type Primary } from './redis-connection.js';

/** The delay before the first reconnect. It doubles with each failure up to RETRY_MAX_MS. */
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 1000;
/** A connection that lasted this long counts as stable. The delay after it starts at RETRY_FIRST_MS again. */
const STEADY_MS = 1000;
/** The time limit until a connection is usable: name resolution, connecting, TLS and AUTH. */
const READY_MS = CONNECT_MS + ANSWER_MS;

/** The signals between a connection and its user. */
export interface ConnectionSignals {
  /** Rejects when the connection closes. */
  readonly closed: Promise<never>;
  /** The user calls it when the connection is ready for its work. */
  readonly reportUp: () => void;
}

/** Uses one connection to a primary. Rejects when that connection is no longer usable. ReconnectingConnection then opens another one. */
export type ConnectionUse = (redis: Redis, signals: ConnectionSignals) => Promise<never>;

/** The functions and values that a ReconnectingConnection gets from its owner. */
export interface ReconnectingConnectionPorts {
  readonly primary: Primary;
  readonly clock: Clock;
  readonly environment: StreamEnvironment;
}

/**
 * Keeps one connection to a primary until close(). When it is lost, opens a new one after a delay with jitter. Checks on each new
 * connection that the server is the primary.
 */
export class ReconnectingConnection {
  readonly #primary: Primary;
  readonly #clock: Clock;
  readonly #environment: StreamEnvironment;
  readonly #use: ConnectionUse;
  readonly #report: (state: ConnectionState) => void;
  #redis: Redis | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;
  #pause: { readonly timer: Timer; readonly end: () => void } | undefined;

  constructor(
    { primary, clock, environment }: ReconnectingConnectionPorts,
    use: ConnectionUse,
    report: (state: ConnectionState) => void,
  ) {
    this.#primary = primary;
    this.#clock = clock;
    this.#environment = environment;
    this.#use = use;
    this.#report = report;
  }

  /** Starts to connect. Does nothing if it has started before. */
  open(): void {
    this.#running ??= this.#reconnectUntilClosed();
  }

  /** Disconnects and stops reconnecting. Resolves when the connection is no longer in use. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#redis?.disconnect();
    this.#pause?.timer.cancel();
    this.#pause?.end();
    await this.#running;
  }

  async #reconnectUntilClosed(): Promise<void> {
    let failures = 0;
    while (!this.#isClosed) {
      const redis = this.#environment.createConnection(this.#primary);
      this.#redis = redis;
      const startMs = this.#clock.monotonicMs();
      const reason = await this.#useConnection(redis);
      redis.disconnect();
      this.#report({ kind: 'down', reason });
      failures = this.#clock.monotonicMs() - startMs < STEADY_MS ? failures + 1 : 0;
      await this.#waitBeforeRetry(reconnectDelayMs(reason, backoffMs(failures, this.#environment.randomFraction())));
    }
  }

  /** Uses a new connection until it ends. Resolves with the reason for its end. */
  async #useConnection(redis: Redis): Promise<string> {
    // If connecting fails, only this event contains the cause. Without a listener, ioredis prints the error.
    let firstError: Error | undefined;
    redis.on('error', (error: Error) => (firstError = error));
    const closed = new Promise<never>((_, reject) => {
      redis.once('close', () => reject(firstError ?? new Error('connection closed')));
    });
    closed.catch(() => undefined);
    try {
      await withTimeout(this.#clock, READY_MS, redis.connect());
      await requirePrimary(this.#clock, redis);
      await this.#requireKey(redis);
      return await this.#use(redis, { closed, reportUp: () => this.#report({ kind: 'up' }) });
    } catch (error) {
      return errorSummary(firstError ?? error);
    }
  }

  /**
   * Checks that this primary has the key. In a Redis Cluster each primary has some slots only.
   * @throws Error if this primary does not have the key.
   */
  async #requireKey(redis: Redis): Promise<void> {
    if (this.#primary.kind === 'only') return;
    await withTimeout(this.#clock, ANSWER_MS, redis.exists(this.#primary.key));
  }

  async #waitBeforeRetry(delayMs: number): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>(resolve => {
      this.#pause = { timer: this.#clock.after(delayMs, resolve), end: resolve };
    });
  }
}

/**
 * Checks that the server is a primary. A replica replaces its data when it synchronizes.
 * @throws Error if it is a replica.
 */
async function requirePrimary(clock: Clock, redis: Redis): Promise<void> {
  assertPrimary(await withTimeout(clock, ANSWER_MS, redis.role()));
}

/**
 * Checks a reply to ROLE.
 * @throws Error if the server is not a primary.
 */
export function assertPrimary(role: unknown): void {
  const name: unknown = Array.isArray(role) ? role[0] : undefined;
  if (name !== 'master') throw new Error(`Redis is a replica (its role is ${String(name)}), not a primary`);
}

/**
 * Returns the delay before a reconnect. It doubles with each failure. With full jitter, servers that lost Redis at the same time reconnect
 * at different times.
 */
function backoffMs(failures: number, fraction: number): number {
  return Math.ceil(fraction * Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** failures));
}
