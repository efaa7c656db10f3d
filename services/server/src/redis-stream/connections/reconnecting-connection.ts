import type { Redis } from 'ioredis';
import type { Clock, Timer } from '../../clock.js';
import { errorSummary } from '../../error-summary.js';
import { reconnectDelayMs } from '../../redis/reconnect-delay.js';
import { ANSWER_MS, withTimeout } from '../with-timeout.js';
import { CONNECT_MS, type Primary } from './redis-connection.js';
import type { StreamEnvironment } from '../environment.js';
import type { ConnectionState } from '../settings.js';

const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 1000;
/** A connection that lasted this long was a good one: the next one is tried for at once. */
const STEADY_MS = 1000;
/** Name resolution, TLS and the greeting, on top of connecting. */
const READY_MS = CONNECT_MS + ANSWER_MS;

/** What is told of a connection, and of it. */
export interface ConnectionEnds {
  /** Rejects when the connection closes. */
  readonly closed: Promise<never>;
  /** To be called when it serves. */
  readonly up: () => void;
}

/** What is done with a connection to a primary; rejects once it is of no use any more. */
export type ConnectionUse = (redis: Redis, ends: ConnectionEnds) => Promise<never>;

/** Where Redis is, and what leads there. */
export interface ReconnectingConnectionPorts {
  readonly primary: Primary;
  readonly clock: Clock;
  readonly environment: StreamEnvironment;
}

/** One connection to the primary, made anew for as long as it takes, until it is closed. */
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

  /** Begins to connect, where it has not begun. */
  open(): void {
    this.#running ??= this.#reconnectUntilClosed();
  }

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
      const redis = this.#environment.connection(this.#primary);
      this.#redis = redis;
      const startMs = this.#clock.monotonicMs();
      const reason = await this.#useConnection(redis);
      redis.disconnect();
      this.#report({ kind: 'down', reason });
      failures = this.#clock.monotonicMs() - startMs < STEADY_MS ? failures + 1 : 0;
      await this.#wait(reconnectDelayMs(reason, backoffMs(failures, this.#environment.fraction())));
    }
  }

  /** Resolves with why it is over. */
  async #useConnection(redis: Redis): Promise<string> {
    // Where connecting fails, only this tells why; without a listener ioredis prints it.
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
      return await this.#use(redis, { closed, up: () => this.#report({ kind: 'up' }) });
    } catch (error) {
      return errorSummary(firstError ?? error);
    }
  }

  /** @throws where it does not serve the key (any more, or now): a primary of a Redis Cluster is one for its slots only */
  async #requireKey(redis: Redis): Promise<void> {
    if (this.#primary.kind === 'only') return;
    await withTimeout(this.#clock, ANSWER_MS, redis.exists(this.#primary.key));
  }

  async #wait(delayMs: number): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>(resolve => {
      this.#pause = { timer: this.#clock.after(delayMs, resolve), end: resolve };
    });
  }
}

/** @throws where it is a replica: it would answer reads from what it holds, and what it holds may be replaced */
async function requirePrimary(clock: Clock, redis: Redis): Promise<void> {
  assertPrimary(await withTimeout(clock, ANSWER_MS, redis.role()));
}

export function assertPrimary(role: unknown): void {
  const name: unknown = Array.isArray(role) ? role[0] : undefined;
  if (name !== 'master') throw new Error(`Redis is a replica (its role is ${String(name)}), not a primary`);
}

/** Doubling, with full jitter: servers that lost Redis together do not come back together. */
function backoffMs(failures: number, fraction: number): number {
  return Math.ceil(fraction * Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** failures));
}
