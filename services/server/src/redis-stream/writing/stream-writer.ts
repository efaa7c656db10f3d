import type { Redis } from 'ioredis';
import type { Clock } from '../../clock.js';
import { errorSummary } from '../../error-summary.js';
import type { AppendResult } from '../../cluster/stream-port.js';
import { ANSWER_MS, withTimeout } from '../with-timeout.js';
import { type AppendAnswer, appendResultOf } from './append-result.js';
import { StreamError } from '../../cluster/stream-error.js';
import { appendScript } from '../scripts.js';
import type { StreamSettings } from '../settings.js';

/** How long Redis waits for a replica's word; below ANSWER_MS, so that Redis says no before we give up. */
const CONFIRM_MS = 500;
/** How long a question waits for a connection. */
const CONNECTED_MS = 5000;

/** One call of the append script. */
export interface Write {
  readonly key: string;
  readonly parts: readonly string[];
}

interface Waiting {
  readonly write: Write;
  readonly settle: (outcome: AppendResult) => void;
}

/**
 * The connection that writes, for all shards of a lane. Appends go in flights: what comes while one is under way leaves with
 * the next, so that one wait for a replica serves them all. A shard has one append under way at most, which bounds what waits.
 */
export class StreamWriter {
  readonly #clock: Clock;
  readonly #ack: StreamSettings['ack'];
  readonly #reason: () => string;
  #redis: Redis | undefined;
  #waiting: Waiting[] = [];
  #isFlying = false;
  readonly #connected = new Set<() => void>();

  /** `reason`: why there is no connection. */
  constructor(clock: Clock, ack: StreamSettings['ack'], reason: () => string) {
    this.#clock = clock;
    this.#ack = ack;
    this.#reason = reason;
  }

  /** From now on this is the connection. */
  attach(redis: Redis): void {
    this.#redis = redis;
    for (const go of this.#connected) go();
  }

  /** There is no connection any more, and nobody waits for another. */
  close(): void {
    this.#redis = undefined;
    for (const go of this.#connected) go();
  }

  /**
   * Asks Redis something that may be asked again; waits a little for a connection.
   * @throws StreamError `unavailable`
   */
  async ask<T>(question: (redis: Redis) => Promise<T>, limitMs = ANSWER_MS): Promise<T> {
    const redis = this.#ready ?? (await this.#connection());
    try {
      return await withTimeout(this.#clock, limitMs, question(redis));
    } catch (error) {
      if (error instanceof StreamError) throw error;
      disconnectIfUncertain(redis, error);
      throw new StreamError('unavailable', `Redis did not do it: ${errorSummary(error)}`, { cause: error });
    }
  }

  /** Never rejects. */
  async append(write: Write): Promise<AppendResult> {
    return await new Promise(settle => {
      this.#waiting.push({ write, settle });
      if (!this.#isFlying) void this.#sendWaiting();
    });
  }

  get #ready(): Redis | undefined {
    return this.#redis?.status === 'ready' ? this.#redis : undefined;
  }

  async #connection(): Promise<Redis> {
    await new Promise<void>(resolve => {
      const timer = this.#clock.after(CONNECTED_MS, () => go());
      const go = (): void => {
        timer.cancel();
        this.#connected.delete(go);
        resolve();
      };
      this.#connected.add(go);
    });
    if (this.#ready === undefined) throw new StreamError('unavailable', this.#notConnected());
    return this.#ready;
  }

  async #sendWaiting(): Promise<void> {
    this.#isFlying = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#sendBatch(batch);
    }
    this.#isFlying = false;
  }

  async #sendBatch(batch: readonly Waiting[]): Promise<void> {
    const redis = this.#ready;
    if (redis === undefined) {
      for (const { settle } of batch) settle({ kind: 'refused', reason: this.#notConnected() });
      return;
    }
    const sent = batch.map(({ write: { key, parts }, settle }) => {
      return { settle, outcome: this.#readResult(redis, redis.eval(appendScript, 1, key, ...parts)) };
    });
    const confirmed = this.#ack === 'replicated' ? this.#confirmReplicated(redis) : Promise.resolve(done);
    await Promise.all(
      sent.map(async ({ settle, outcome }) => {
        const written = await outcome;
        settle(written.kind === 'ok' ? await confirmed : written);
      }),
    );
  }

  async #readResult(redis: Redis, answer: Promise<unknown>): Promise<AppendResult> {
    try {
      return appendResultOf((await withTimeout(this.#clock, ANSWER_MS, answer)) as AppendAnswer);
    } catch (error) {
      disconnectIfUncertain(redis, error);
      return { kind: isRefusal(error) ? 'refused' : 'unknown', reason: errorSummary(error) };
    }
  }

  /** Whether a replica has what this connection has written up to here. */
  async #confirmReplicated(redis: Redis): Promise<AppendResult> {
    try {
      const replicas = await withTimeout(this.#clock, ANSWER_MS, redis.wait(1, CONFIRM_MS));
      return replicas >= 1 ? done : { kind: 'unknown', reason: `no replica has confirmed it within ${CONFIRM_MS} ms` };
    } catch (error) {
      disconnectIfUncertain(redis, error);
      return { kind: 'unknown', reason: errorSummary(error) };
    }
  }

  #notConnected(): string {
    return `Redis is not connected: ${this.#reason()}`;
  }
}

const done: AppendResult = { kind: 'ok' };

/** Redis has answered, and its answer is no. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Says a Redis that is not the primary (any more), or not that of the key: EXECABORT where it said so within a transaction. */
const isElsewhere = /^(READONLY|MASTERDOWN|UNBLOCKED|LOADING|MOVED|ASK|TRYAGAIN|CLUSTERDOWN|EXECABORT)\b/;

/**
 * That, and silence, are reasons to look for the primary anew. An answer that did not come leaves a connection with commands
 * that may still run; a new one starts clean.
 */
function disconnectIfUncertain(redis: Redis, error: unknown): void {
  if (!isRefusal(error) || isElsewhere.test(errorSummary(error))) redis.disconnect();
}
