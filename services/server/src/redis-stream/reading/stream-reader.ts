/** Reads the streams of all followed shards over one connection. */

import type { Redis } from 'ioredis';
import type { Clock } from '../../clock.js';
import { formatPosition } from '../../cluster/stream-position.js';
import { assertPrimary, type ConnectionSignals } from '../connections/reconnecting-connection.js';
import type { RawRecord } from '../records.js';
import { ANSWER_MS, withTimeout } from '../with-timeout.js';
import { AdaptiveBatchSize } from './adaptive-batch-size.js';
import { checkHistory } from './history-check.js';
import type { StreamCursor } from './stream-cursor.js';

/** How long XREAD blocks for new records. */
const BLOCK_MS = 1000;
/**
 * How long XREAD blocks while some shards are not followed. A newly followed shard cannot join a read in flight, so the read must end
 * soon. This costs an idle server about 0.6 % of a core, and its Redis 0.2 %.
 */
const BLOCK_PARTLY_MS = 50;
/** How long XREAD blocks while a shard is not read because its records wait to be applied. */
const BLOCK_CONGESTED_MS = 10;
/** The time limit of one read. After it, the connection is replaced. */
const SILENCE_MS = 2500;
/** How often the history check runs. A blocking read does not notice that its key was deleted. */
const CHECK_MS = 1000;

/** Follows the streams of one primary over one connection, with one blocking XREAD after another. */
export class StreamReader {
  readonly #clock: Clock;
  readonly #shards: number;
  readonly #followed = new Map<number, StreamCursor>();
  readonly #batchSize = new AdaptiveBatchSize();
  #wakeReader: () => void = () => undefined;
  #checkedMs = 0;

  /** `shards` is the number of shards on this primary. */
  constructor(clock: Clock, shards: number) {
    this.#clock = clock;
    this.#shards = shards;
  }

  /** Follows a shard from its cursor on. Replaces an earlier cursor of the shard. Records are delivered asynchronously. */
  followShard(shard: number, cursor: StreamCursor): void {
    this.#followed.set(shard, cursor);
    this.#wakeReader();
  }

  /** Stops following a shard. Its cursor delivers no further records. */
  unfollowShard(shard: number): void {
    this.#followed.delete(shard);
  }

  /** Returns the cursor of a shard. Returns undefined if the shard is not followed or its stream is broken. */
  shardCursor(shard: number): StreamCursor | undefined {
    return this.#followed.get(shard);
  }

  /** Reads on this connection. Rejects when the connection closes, does not answer in time, or is no longer to the primary. */
  async readUntilClosed(redis: Redis, { closed, reportUp }: ConnectionSignals): Promise<never> {
    for (const cursor of this.#followed.values()) cursor.isVerified = false;
    await this.#checkHistories(redis);
    reportUp();
    // Promise.race is not used below: `closed` would keep a part of each wait until the connection closes.
    const end = new AbortController();
    closed.catch(() => {
      end.abort();
      this.#wakeReader();
    });
    for (;;) {
      while (this.#followed.size === 0) {
        if (end.signal.aborted) await closed;
        await new Promise<void>(resolve => (this.#wakeReader = resolve));
      }
      await this.#checkHistories(redis);
      await this.#readOnce(redis);
    }
  }

  /** Checks the history of every shard that was not checked on this connection. Every CHECK_MS, checks the histories of all shards. */
  async #checkHistories(redis: Redis): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const isDue = nowMs - this.#checkedMs >= CHECK_MS;
    if (isDue) this.#checkedMs = nowMs;
    const checked = [...this.#followed].filter(([, cursor]) => isDue || !cursor.isVerified);
    const checks = checked.map(([shard, cursor]) => this.#checkStream(redis, shard, cursor));
    await withTimeout(this.#clock, ANSWER_MS, Promise.all(checks));
  }

  async #checkStream(redis: Redis, shard: number, cursor: StreamCursor): Promise<void> {
    const comparison = await checkHistory(redis, cursor.log, cursor.lastRead);
    if (!this.#isFollowed(shard, cursor)) return;
    if (comparison === 'same') {
      cursor.isVerified = true;
      cursor.deliverFirstRecord();
    } else {
      this.unfollowShard(shard);
      cursor.reportBroken(comparison);
    }
  }

  async #readOnce(redis: Redis): Promise<void> {
    const verified = [...this.#followed].filter(([, cursor]) => cursor.isVerified);
    const asked = verified.filter(([, cursor]) => !cursor.isCongested);
    if (asked.length === 0) {
      if (verified.length > 0) await this.#pass(BLOCK_CONGESTED_MS);
      return;
    }
    const logs = asked.map(([, { log }]) => log);
    const positions = asked.map(([, { lastRead: last }]) => formatPosition(last.position));
    const partlyMs = asked.length === this.#shards ? BLOCK_MS : BLOCK_PARTLY_MS;
    const blockMs = asked.length < verified.length ? BLOCK_CONGESTED_MS : partlyMs;
    // Read ROLE in each round, because a demoted primary still answers, with data that it may lose.
    const [role, answer] = await withTimeout(
      this.#clock,
      SILENCE_MS,
      Promise.all([
        redis.role(),
        redis.xread('COUNT', this.#batchSize.count, 'BLOCK', blockMs, 'STREAMS', ...logs, ...positions),
      ]),
    );
    assertPrimary(role);
    const read = new Map((answer ?? []) as [string, RawRecord[]][]);
    this.#batchSize.adaptTo([...read.values()]);
    for (const [shard, cursor] of asked) {
      const records = read.get(cursor.log);
      if (records === undefined || !this.#isFollowed(shard, cursor) || cursor.deliverRecords(records)) continue;
      await this.#reportGap(redis, shard, cursor);
    }
  }

  async #pass(ms: number): Promise<void> {
    await new Promise<void>(resolve => void this.#clock.after(ms, resolve));
  }

  /** Determines why a record does not continue the stream, and reports it to the listener. */
  async #reportGap(redis: Redis, shard: number, cursor: StreamCursor): Promise<void> {
    const comparison = await withTimeout(this.#clock, ANSWER_MS, checkHistory(redis, cursor.log, cursor.lastRead));
    if (!this.#isFollowed(shard, cursor)) return;
    this.unfollowShard(shard);
    cursor.reportBroken(comparison === 'same' ? 'malformed' : comparison);
  }

  #isFollowed(shard: number, cursor: StreamCursor): boolean {
    return this.#followed.get(shard) === cursor;
  }
}
