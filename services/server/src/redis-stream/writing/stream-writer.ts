/** Sends appends and other commands to one primary of Redis. */

import type { Redis } from 'ioredis';
import type { Clock } from '../../clock.js';
import { StreamError } from '../../cluster/stream-error.js';
import type { AppendResult } from '../../cluster/stream-port.js';
import { errorSummary } from '../../error-summary.js';
import { appendScript } from '../scripts.js';
import type { StreamSettings } from '../settings.js';
import { ANSWER_MS, withTimeout } from '../with-timeout.js';
import { type AppendAnswer, toAppendResult } from './append-result.js';

/** How long WAIT waits for a replica. It is shorter than ANSWER_MS, so that Redis answers before the command times out. */
const CONFIRM_MS = 500;
/** How long a command waits for a connection. */
const CONNECTED_MS = 5000;

/** The key and the arguments of one call of the append script. */
export interface AppendCall {
  readonly key: string;
  readonly parts: readonly string[];
}

/** An append whose result is not known yet. */
interface PendingAppend {
  readonly write: AppendCall;
  readonly settle: (outcome: AppendResult) => void;
}

/**
 * Sends the appends and other commands of all shards of one primary over one connection. Appends are sent in batches: the appends that
 * arrive while a batch is in flight form the next batch. So one WAIT for a replica covers a whole batch. A shard has at most one append in
 * flight, which limits the queue.
 */
export class StreamWriter {
  readonly #clock: Clock;
  readonly #ack: StreamSettings['ack'];
  readonly #disconnectReason: () => string;
  #redis: Redis | undefined;
  #waiting: PendingAppend[] = [];
  #isSending = false;
  readonly #connectionWaiters = new Set<() => void>();

  /** `reason` returns why there is no connection. */
  constructor(clock: Clock, ack: StreamSettings['ack'], reason: () => string) {
    this.#clock = clock;
    this.#ack = ack;
    this.#disconnectReason = reason;
  }

  /** Uses this connection from now on. Continues the commands that wait for one. */
  attachConnection(redis: Redis): void {
    this.#redis = redis;
    for (const go of this.#connectionWaiters) go();
  }

  /** Forgets the connection. Commands that wait for one fail. */
  close(): void {
    this.#redis = undefined;
    for (const go of this.#connectionWaiters) go();
  }

  /**
   * Runs a command that may be run twice, so that the caller may repeat it. Waits up to CONNECTED_MS for a connection, then up to
   * `limitMs` for the answer.
   * @throws StreamError `unavailable` if there is no connection, if Redis does not answer in time, or if it answers with an error.
   */
  async runIdempotent<T>(command: (redis: Redis) => Promise<T>, limitMs = ANSWER_MS): Promise<T> {
    const redis = this.#readyConnection ?? (await this.#waitForConnection());
    try {
      return await withTimeout(this.#clock, limitMs, command(redis));
    } catch (error) {
      if (error instanceof StreamError) throw error;
      disconnectIfUncertain(redis, error);
      throw new StreamError('unavailable', `Redis did not execute the request: ${errorSummary(error)}`, {
        cause: error,
      });
    }
  }

  /** Queues an append and resolves with its result. Never rejects. */
  async append(write: AppendCall): Promise<AppendResult> {
    return await new Promise(settle => {
      this.#waiting.push({ write, settle });
      if (!this.#isSending) void this.#sendWaiting();
    });
  }

  get #readyConnection(): Redis | undefined {
    return this.#redis?.status === 'ready' ? this.#redis : undefined;
  }

  async #waitForConnection(): Promise<Redis> {
    await new Promise<void>(resolve => {
      const timer = this.#clock.after(CONNECTED_MS, () => go());
      const go = (): void => {
        timer.cancel();
        this.#connectionWaiters.delete(go);
        resolve();
      };
      this.#connectionWaiters.add(go);
    });
    if (this.#readyConnection === undefined) throw new StreamError('unavailable', this.#notConnectedMessage());
    return this.#readyConnection;
  }

  async #sendWaiting(): Promise<void> {
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#sendBatch(batch);
    }
    this.#isSending = false;
  }

  async #sendBatch(batch: readonly PendingAppend[]): Promise<void> {
    const redis = this.#readyConnection;
    if (redis === undefined) {
      for (const { settle } of batch) settle({ kind: 'refused', reason: this.#notConnectedMessage() });
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
      return toAppendResult((await withTimeout(this.#clock, ANSWER_MS, answer)) as AppendAnswer);
    } catch (error) {
      disconnectIfUncertain(redis, error);
      return { kind: isRefusal(error) ? 'refused' : 'unknown', reason: errorSummary(error) };
    }
  }

  /** Waits until a replica confirms all writes of this connection. The result is `unknown` if no replica confirms within CONFIRM_MS. */
  async #confirmReplicated(redis: Redis): Promise<AppendResult> {
    try {
      const replicas = await withTimeout(this.#clock, ANSWER_MS, redis.wait(1, CONFIRM_MS));
      return replicas >= 1
        ? done
        : { kind: 'unknown', reason: `no replica has confirmed the write within ${CONFIRM_MS} ms` };
    } catch (error) {
      disconnectIfUncertain(redis, error);
      return { kind: 'unknown', reason: errorSummary(error) };
    }
  }

  #notConnectedMessage(): string {
    return `Redis is not connected: ${this.#disconnectReason()}`;
  }
}

const done: AppendResult = { kind: 'ok' };

/** Whether Redis has answered with an error. The command then had no effect. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** The errors of a Redis that is not the primary, or not the primary of the key. Within a transaction the error is EXECABORT. */
const notPrimary = /^(READONLY|MASTERDOWN|UNBLOCKED|LOADING|MOVED|ASK|TRYAGAIN|CLUSTERDOWN|EXECABORT)\b/;

/**
 * Disconnects if the server is not the primary or has not answered. The next connection then looks up the primary again. A connection
 * without an answer must not be used any longer, because its commands may still run.
 */
function disconnectIfUncertain(redis: Redis, error: unknown): void {
  if (!isRefusal(error) || notPrimary.test(errorSummary(error))) redis.disconnect();
}
