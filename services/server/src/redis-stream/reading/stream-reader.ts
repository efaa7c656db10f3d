import type { Redis } from 'ioredis';
import type { Clock } from '../../clock.js';
import { ANSWER_MS, withTimeout } from '../with-timeout.js';
import type { StreamCursor } from './stream-cursor.js';
import { checkHistory } from './history-check.js';
import { AdaptiveBatchSize } from './adaptive-batch-size.js';
import { assertPrimary, type ConnectionEnds } from '../connections/reconnecting-connection.js';
import { positionId } from '../../cluster/stream-position.js';
import type { RawRecord } from '../records.js';

/** How long Redis waits for something new. */
const BLOCK_MS = 1000;
/**
 * The same while some shard is not followed: one that is to be cannot join a read under way. To wake up so often costs an idle
 * server about 0.6 % of a core more, and its Redis 0.2 %.
 */
const BLOCK_PARTLY_MS = 50;
/** A read that takes longer is on a connection that will not answer. */
const SILENCE_MS = 2500;
/** How often it is seen whether Redis still holds what was read; a key that is deleted says nothing by itself. */
const CHECK_MS = 1000;

/** The connection that reads, for all shards of a lane: one blocking read after another. */
export class StreamReader {
  readonly #clock: Clock;
  readonly #shards: number;
  readonly #followed = new Map<number, StreamCursor>();
  readonly #size = new AdaptiveBatchSize();
  #wakeReader: () => void = () => undefined;
  #checkedMs = 0;

  /** `shards`: how many there are that it may have to follow. */
  constructor(clock: Clock, shards: number) {
    this.#clock = clock;
    this.#shards = shards;
  }

  /** Its records are told from a later turn on. Takes the place of what was followed of this shard. */
  follow(shard: number, cursorOf: StreamCursor): void {
    this.#followed.set(shard, cursorOf);
    this.#wakeReader();
  }

  unfollow(shard: number): void {
    this.#followed.delete(shard);
  }

  /** Undefined where it is not followed, or broken. */
  following(shard: number): StreamCursor | undefined {
    return this.#followed.get(shard);
  }

  /** Reads on this connection until it is of no use. */
  async read(redis: Redis, { closed, up }: ConnectionEnds): Promise<never> {
    for (const following of this.#followed.values()) following.isSure = false;
    await this.#checkHistories(redis);
    up();
    for (;;) {
      while (this.#followed.size === 0) {
        await Promise.race([closed, new Promise<void>(resolve => (this.#wakeReader = resolve))]);
      }
      await this.#checkHistories(redis);
      await this.#readOnce(redis);
    }
  }

  /** Those that this connection has not been checked for; all of them, every so often. */
  async #checkHistories(redis: Redis): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const isDue = nowMs - this.#checkedMs >= CHECK_MS;
    if (isDue) this.#checkedMs = nowMs;
    const checked = [...this.#followed].filter(([, following]) => isDue || !following.isSure);
    const checks = checked.map(([shard, following]) => this.#checkStream(redis, shard, following));
    await withTimeout(this.#clock, ANSWER_MS, Promise.all(checks));
  }

  async #checkStream(redis: Redis, shard: number, following: StreamCursor): Promise<void> {
    const overlap = await checkHistory(redis, following.log, following.last);
    if (!this.#isFollowed(shard, following)) return;
    if (overlap === 'same') {
      following.isSure = true;
      following.start();
    } else {
      this.unfollow(shard);
      following.breakOff(overlap);
    }
  }

  async #readOnce(redis: Redis): Promise<void> {
    const asked = [...this.#followed].filter(([, following]) => following.isSure);
    if (asked.length === 0) return;
    const logs = asked.map(([, { log }]) => log);
    const places = asked.map(([, { last }]) => positionId(last.place));
    const blockMs = asked.length === this.#shards ? BLOCK_MS : BLOCK_PARTLY_MS;
    // The role first: a primary that was demoted goes on answering, from what it may be about to lose.
    const [role, answer] = await withTimeout(
      this.#clock,
      SILENCE_MS,
      Promise.all([
        redis.role(),
        redis.xread('COUNT', this.#size.count, 'BLOCK', blockMs, 'STREAMS', ...logs, ...places),
      ]),
    );
    assertPrimary(role);
    const read = new Map((answer ?? []) as [string, RawRecord[]][]);
    this.#size.adapt([...read.values()]);
    for (const [shard, following] of asked) {
      const records = read.get(following.log);
      if (records === undefined || !this.#isFollowed(shard, following) || following.addRecords(records)) continue;
      await this.#breakOff(redis, shard, following);
    }
  }

  /** A record does not follow the one before it: why? */
  async #breakOff(redis: Redis, shard: number, following: StreamCursor): Promise<void> {
    const overlap = await withTimeout(this.#clock, ANSWER_MS, checkHistory(redis, following.log, following.last));
    if (!this.#isFollowed(shard, following)) return;
    this.unfollow(shard);
    following.breakOff(overlap === 'same' ? 'malformed' : overlap);
  }

  #isFollowed(shard: number, following: StreamCursor): boolean {
    return this.#followed.get(shard) === following;
  }
}
