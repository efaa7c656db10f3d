import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@rankd/testkit';
import { ClusterServer } from '../../../src/cluster/cluster-server.js';
import { parseServerConfig } from '../../../src/config.js';
import {
  type ConnectionUse,
  ReconnectingConnection,
} from '../../../src/redis-stream/connections/reconnecting-connection.js';
import { type Primary, requireRedisAddress } from '../../../src/redis-stream/connections/redis-connection.js';
import { systemStreamEnvironment } from '../../../src/redis-stream/environment.js';
import type { ConnectionState } from '../../../src/redis-stream/settings.js';
import type { ServerEvent } from '../../../src/server-event.js';
import { SHARDS_MAX, StreamStore } from '../../../src/redis-stream/stream-store.js';
import { FakeClock } from '../gateway/fake-clock.js';
import { type Script, ScriptedRedis } from './scripted-redis.js';

/**
 * When the server connects to the Redis of the order and checks it: real connections, with a clock that the test
 * advances.
 */

/** Makes the jitter as long as possible. */
const environment = { ...systemStreamEnvironment, randomFraction: () => 1 };

let clock: FakeClock;
let ends: (() => unknown)[];
beforeEach(() => {
  clock = new FakeClock();
  ends = [];
});
afterEach(async () => {
  for (const end of ends.reverse()) await end();
});

async function scripted(script: Script = {}): Promise<ScriptedRedis> {
  const redis = await ScriptedRedis.listen(script);
  ends.push(() => redis.dispose());
  return redis;
}

const until = async (what: string, probe: () => boolean): Promise<true> =>
  await eventually(5000, what, () => (probe() ? true : undefined));

/** Real sockets need real time, in which the clock of rankd does not advance. */
const awhile = (): Promise<void> => new Promise(resolve => setImmediate(() => setImmediate(resolve)));

/** Checks that the next attempt is made this many ms from now, and not earlier. */
async function triesAgainAfter(ms: number, redis: ScriptedRedis): Promise<void> {
  const before = redis.connections;
  clock.pass(ms - 1);
  await awhile();
  expect(redis.connections).toBe(before);
  clock.pass(1);
  await until('another attempt', () => redis.connections > before);
}

function lineTo(url: string): { readonly line: ReconnectingConnection; readonly states: ConnectionState[] } {
  const states: ConnectionState[] = [];
  const use: ConnectionUse = async (_, { closed, reportUp: up }) => {
    up();
    return await closed;
  };
  const primary = { kind: 'only', address: requireRedisAddress(url) } as Primary;
  const line = new ReconnectingConnection({ primary, clock, environment }, use, state => states.push(state));
  ends.push(() => line.close());
  return { line, states };
}

const downs = (states: readonly ConnectionState[]): number => states.filter(({ kind }) => kind === 'down').length;

describe('a connection to Redis', () => {
  it('is retried after 50 ms, doubled after each failure up to 1 s (RETRY_FIRST_MS, RETRY_MAX_MS)', async () => {
    const redis = await scripted({ hangsUp: true });
    const { line, states } = lineTo(redis.url);
    line.open();
    for (const [index, ms] of [100, 200, 400, 800, 1000, 1000].entries()) {
      await until('the connection to be down', () => downs(states) === index + 1);
      await triesAgainAfter(ms, redis);
    }
  });

  it('that Redis refuses is retried only after 5 s (RETRY_REFUSED_MS)', async () => {
    const redis = await scripted({ says: { role: '-NOPERM no permission\r\n' } });
    const { line, states } = lineTo(redis.url);
    line.open();
    await until('the connection to be down', () => downs(states) === 1);
    await triesAgainAfter(5000, redis);
  });

  it.each([
    [999, 100],
    [1000, 50],
  ])('that lasted %i ms is retried after %i ms (STEADY_MS)', async (lastedMs, retryMs) => {
    const redis = await scripted();
    const { line, states } = lineTo(redis.url);
    line.open();
    await until('the connection to be up', () => states.at(-1)?.kind === 'up');
    clock.pass(lastedMs);
    redis.cut();
    await until('the connection to be down', () => states.at(-1)?.kind === 'down');
    await triesAgainAfter(retryMs, redis);
  });
});

describe('the streams', () => {
  const settings = { prefix: 'rankd', shards: 1, ack: 'async' } as const;
  const ports = () => ({
    clock,
    environment,
    onConnectionState: () => undefined,
    onReconnected: () => undefined,
    onWarning: () => undefined,
  });

  it('are limited to 256 (SHARDS_MAX)', () => {
    const of = (shards: number) => () => new StreamStore({ ...settings, url: 'redis://127.0.0.1:1', shards }, ports());
    expect(of(SHARDS_MAX)).not.toThrow();
    for (const shards of [0, SHARDS_MAX + 1]) expect(of(shards)).toThrow(RangeError);
    expect(SHARDS_MAX).toBe(256);
  });

  it('must be prepared within 5 s of the connection (PREPARE_MS), and read the clock of Redis every 10 s (CLOCK_MS)', async () => {
    // The library asks for the state of Redis once a connection. rankd checks whether Redis is suitable after that.
    const redis = await scripted({ most: { info: 1 } });
    const store = new StreamStore({ ...settings, url: redis.url }, ports());
    ends.push(() => store.close());
    let refusal: unknown;
    store.prepare({ clusterId: 'c' }).catch((error: unknown) => (refusal = error));
    const asked = (command: string): number => redis.asked.filter(each => each === command).length;
    await until('the server to check whether Redis is suitable', () => asked('info') === 3);
    clock.pass(4999);
    await awhile();
    expect(refusal).toBeUndefined();
    // The first connection is silent, so the server reconnects. It reads the clock at once, then every 10 s.
    clock.pass(1);
    await until('a refusal', () => refusal !== undefined);
    expect(refusal).toMatchObject({ fault: 'unavailable', message: expect.stringContaining('5000 ms') });
    const before = asked('time');
    clock.pass(100);
    await until('the clock of the next connection', () => asked('time') === before + 5);
    clock.pass(9999);
    await awhile();
    expect(asked('time')).toBe(before + 5);
    clock.pass(1);
    await until('another read of the clock', () => asked('time') > before + 5);
  });
});

it('a server that cannot join the cluster retries 0.5 s later (JOIN_RETRY_MS)', async () => {
  const events: ServerEvent[] = [];
  // Each attempt sets a timer for the longest wait for a connection.
  const timers = jest.spyOn(clock, 'after');
  const countAttempts = (): number => timers.mock.calls.filter(([ms]) => ms === 5000).length;
  const config = parseServerConfig({ RANKD_MODE: 'cluster', RANKD_REDIS_URL: 'redis://127.0.0.1:1' });
  const settings = { config, hostName: 'host', epochLast: 0 };
  const cluster = new ClusterServer(settings, {
    clock,
    environment,
    watch: event => events.push(event),
    createGateway: () => {
      throw new Error('the server never joins');
    },
    recordWriteSeconds: () => undefined,
  });
  ends.push(() => cluster.close());
  void cluster.start();
  const unusable = (): ServerEvent[] => events.filter(({ event }) => event === 'log.unusable');
  // An attempt waits 5 s for a connection.
  for (const [ms, times] of [
    [5000, 1],
    [499, 1],
    [1, 2],
    [5000, 2],
    [499, 2],
    [1, 3],
  ] as const) {
    clock.pass(ms);
    await awhile();
    expect([ms, countAttempts()]).toEqual([ms, times]);
  }
  const reasons = unusable().map(event => ('reason' in event ? event.reason : ''));
  expect(reasons).toEqual([...new Set(reasons)]);
  expect(cluster.readiness).toMatchObject({
    state: 'entering',
    reason: expect.stringMatching(
      /^this server joins the cluster: it waits for Redis; the last attempt failed: Redis is not connected/,
    ),
  });
});
