import { beforeEach, describe, expect, it } from '@jest/globals';
import { createRedisConnection } from '../../../src/redis-stream/connections/redis-connection.js';
import { systemStreamEnvironment } from '../../../src/redis-stream/environment.js';
import { shardKeys } from '../../../src/redis-stream/keys.js';
import { StreamCursor } from '../../../src/redis-stream/reading/stream-cursor.js';
import { StreamReader } from '../../../src/redis-stream/reading/stream-reader.js';
import { checkRedisRequirements } from '../../../src/redis-stream/redis-requirements.js';
import { SnapshotStore } from '../../../src/redis-stream/snapshots/snapshot-store.js';
import { StreamWriter } from '../../../src/redis-stream/writing/stream-writer.js';
import { FakeClock } from '../gateway/fake-clock.js';
import { type Answers, clientOf } from './scripted-redis.js';

/** How long the two connections to the Redis of the order wait, to the ms. */

let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** Checks that `promise` is pending just before this many ms have passed, and settles then. Returns how it settled. */
async function settlesAfter(ms: number, promise: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = 'open';
  promise.then(
    value => (outcome = value),
    (error: unknown) => (outcome = error),
  );
  await settled();
  clock.pass(ms - 1);
  await settled();
  expect(outcome).toBe('open');
  clock.pass(1);
  await settled();
  expect(outcome).not.toBe('open');
  return outcome;
}

function writerTo(
  answers: Answers,
  ack: 'async' | 'replicated' = 'async',
): { writer: StreamWriter; asked: unknown[][] } {
  const { redis, asked } = clientOf(answers);
  const writer = new StreamWriter(clock, ack, () => 'it was not there');
  writer.attachConnection(redis);
  return { writer, asked };
}

describe('the connection that writes', () => {
  it('may take 5 s to be established (CONNECTED_MS)', async () => {
    const writer = new StreamWriter(clock, 'async', () => 'it was not there');
    expect(
      await settlesAfter(
        5000,
        writer.runIdempotent(redis => redis.time()),
      ),
    ).toMatchObject({
      fault: 'unavailable',
      message: 'Redis is not connected: it was not there',
    });
  });

  it('waits 1.5 s for an answer, and is then closed (ANSWER_MS)', async () => {
    const { writer, asked } = writerTo({});
    expect(
      await settlesAfter(
        1500,
        writer.runIdempotent(redis => redis.time()),
      ),
    ).toMatchObject({ fault: 'unavailable' });
    expect(asked).toEqual([['time'], ['disconnect']]);
    expect(await settlesAfter(1500, writerTo({}).writer.append({ key: 'k', parts: [] }))).toMatchObject({
      kind: 'unknown',
    });
  });

  it('makes Redis wait 0.5 s for a replica (CONFIRM_MS)', async () => {
    const { writer, asked } = writerTo({ eval: () => 'ok', wait: () => 0 }, 'replicated');
    expect(await writer.append({ key: 'k', parts: [] })).toEqual({
      kind: 'unknown',
      reason: 'no replica has confirmed the write within 500 ms',
    });
    expect(asked.at(-1)).toEqual(['wait', 1, 500]);
  });

  it('waits 10 s to read or write a snapshot (TRANSFER_MS)', async () => {
    const loading = writerTo({ hmget: () => ['1-5', null] });
    const warn = (): void => undefined;
    const keys = shardKeys('rankd', 0);
    expect(
      await settlesAfter(10_000, new SnapshotStore(keys, systemStreamEnvironment, loading.writer, warn).loadNewest()),
    ).toMatchObject({
      fault: 'unavailable',
    });
    const saving = writerTo({ hmget: () => [null, null] });
    const anchor = { position: { epoch: 1, seq: 5 }, mark: 'm' };
    const saved = new SnapshotStore(keys, systemStreamEnvironment, saving.writer, warn).saveSnapshot(
      anchor,
      anchor.position,
      'text',
    );
    // Compressing the snapshot takes real time.
    while (saving.asked.length < 2) await settled();
    expect(await settlesAfter(10_000, saved)).toMatchObject({ fault: 'unavailable' });
  });

  it('sends a ping when it is idle (KEEP_ALIVE_MS)', () => {
    const redis = createRedisConnection({ kind: 'only', address: { kind: 'server', url: 'redis://127.0.0.1:1' } });
    expect(redis.options).toMatchObject({ keepAlive: 2000, connectTimeout: 1000 });
    redis.disconnect();
  });

  it('makes Redis wait 1 s for the required replica, with a key that expires (PROBE_MS, PROBE_EXPIRES_MS)', async () => {
    const { redis, asked } = clientOf({ info: () => 'redis_version:7.2.0\r\n', set: () => 'OK', wait: () => 0 });
    await expect(checkRedisRequirements(redis, 'replicated', 'rankd:probe')).rejects.toThrow(
      'no replica has confirmed a write within 1000 ms',
    );
    expect(asked.slice(1)).toEqual([
      ['set', 'rankd:probe', '1', 'PX', 15_000],
      ['wait', 1, 1000],
    ]);
  });
});

describe('the connection that reads', () => {
  const signals = { closed: new Promise<never>(() => undefined), reportUp: () => undefined };
  const answers = { role: () => ['master'], xrange: () => [['1-0', ['m', 'first', 'p', '', 'b', '']]] };

  function readerOf(shards: number, followed: number): StreamReader {
    const reader = new StreamReader(clock, shards);
    const listener = { onRecords: () => undefined, onBroken: () => undefined };
    const first = { position: { epoch: 1, seq: 0 }, mark: 'first' };
    for (let shard = 0; shard < followed; shard += 1)
      reader.followShard(shard, new StreamCursor(`log-${shard}`, listener, first));
    return reader;
  }

  it('waits 1 s for new records, 50 ms while shards are still to come (BLOCK_MS, BLOCK_PARTLY_MS), 2.5 s at most (SILENCE_MS)', async () => {
    for (const [shards, blockMs] of [
      [2, 1000],
      [3, 50],
    ] as const) {
      const { redis, asked } = clientOf(answers);
      const reading = readerOf(shards, 2).readUntilClosed(redis, signals);
      expect(await settlesAfter(2500, reading)).toEqual(new Error('no answer within 2500 ms'));
      const read = ['xread', 'COUNT', 64, 'BLOCK', blockMs, 'STREAMS', 'log-0', 'log-1', '1-0', '1-0'];
      expect(asked.filter(([command]) => command === 'xread')).toEqual([read]);
    }
  });

  it('checks once a second whether Redis still has the last record that was read (CHECK_MS)', async () => {
    let answerRead: (answer: null) => void = () => undefined;
    const { redis, asked } = clientOf({ ...answers, xread: () => new Promise(resolve => (answerRead = resolve)) });
    void readerOf(1, 1).readUntilClosed(redis, signals);
    await settled();
    const checks = (): number => asked.filter(([command]) => command === 'xrange').length;
    const begun = checks();
    for (const [ms, more] of [
      [999, 0],
      [1, 1],
      [999, 1],
      [1, 2],
    ] as const) {
      clock.pass(ms);
      answerRead(null);
      await settled();
      expect(checks() - begun).toBe(more);
    }
  });
});
