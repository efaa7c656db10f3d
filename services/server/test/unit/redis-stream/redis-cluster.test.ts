import { afterEach, describe, expect, it } from '@jest/globals';
import { ClusterTopology } from '../../../src/redis-stream/connections/cluster-topology.js';
import { CombinedConnectionState } from '../../../src/redis-stream/connections/combined-connection-state.js';
import type { PrimaryConnection } from '../../../src/redis-stream/connections/primary-connection.js';
import { clusterProbeKey, shardKeys } from '../../../src/redis-stream/keys.js';
import { StreamWriter } from '../../../src/redis-stream/writing/stream-writer.js';
import { FakeClock } from '../gateway/fake-clock.js';
import { clientOf, type Script, ScriptedRedis } from './scripted-redis.js';

/** How the streams find their node in a Redis Cluster. */

const nodes: ScriptedRedis[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.dispose();
});

async function node(script: Script): Promise<ScriptedRedis> {
  const redis = await ScriptedRedis.listen(script);
  nodes.push(redis);
  return redis;
}

const host = (name: string | null): string => (name === null ? '_\r\n' : `$${name.length}\r\n${name}\r\n`);
/** The answer to CLUSTER SLOTS for slots 0 to 100, which are at `port` of each host. */
const slots = (...at: (readonly [name: string | null, port: number])[]): string =>
  `*1\r\n*${2 + at.length}\r\n:0\r\n:100\r\n${at.map(([name, port]) => `*2\r\n${host(name)}:${port}\r\n`).join('')}`;

function knowing(...seeds: readonly ScriptedRedis[]): ClusterTopology {
  const named = seeds.map(({ port }) => ({ host: '127.0.0.1', port }));
  return new ClusterTopology({ kind: 'cluster', transport: 'tcp', seeds: named, credentials: {} });
}

describe('the primary of a key', () => {
  it('is the first node of the range that contains its slot', async () => {
    const seed = await node({
      says: { 'cluster slots': slots(['one', 7001], ['two', 7002]), 'cluster keyslot': ':100\r\n' },
    });
    expect(await knowing(seed).findPrimary('key')).toEqual({ host: 'one', port: 7001 });
  });

  it.each([null, '', '?'])('is at the host that was asked if a node reports no host (%p)', async name => {
    const seed = await node({ says: { 'cluster slots': slots([name, 7001]), 'cluster keyslot': ':0\r\n' } });
    expect(await knowing(seed).findPrimary('key')).toEqual({ host: '127.0.0.1', port: 7001 });
  });

  it('is unknown if its slot is in no range', async () => {
    const seed = await node({ says: { 'cluster slots': slots(['one', 7001]), 'cluster keyslot': ':101\r\n' } });
    await expect(knowing(seed).findPrimary('key')).rejects.toThrow(
      'reports the location of key: no node serves slot 101',
    );
  });

  it('is requested from each known node in turn; nodes that are unreachable, refuse or are silent are skipped (NODE_MS)', async () => {
    const learned = await node({});
    const answers = { 'cluster slots': slots(['127.0.0.1', learned.port]), 'cluster keyslot': ':0\r\n' };
    const seed = await node({ says: answers });
    const away = await node({ hangsUp: true });
    const refuses = await node({
      says: { 'cluster slots': '-ERR This instance has cluster support disabled\r\n', 'cluster keyslot': ':0\r\n' },
    });
    const silent = await node({});
    const known = knowing(silent, away, refuses, seed);
    const owner = { host: '127.0.0.1', port: learned.port };
    expect(await known.findPrimary('key')).toEqual(owner);
    expect(learned.connections).toBe(0);
    expect(await known.findPrimary('key')).toEqual(owner);
    const asked = [learned, silent, away, refuses, seed].map(({ connections }) => connections);
    expect(asked).toEqual([1, 2, 2, 2, 2]);
  });

  it('is unknown if no node answers, and the error has the reason of the last node', async () => {
    const refuses = await node({ says: { 'cluster slots': '-NOPERM no\r\n', 'cluster keyslot': '-NOPERM no\r\n' } });
    await expect(knowing(refuses).findPrimary('key')).rejects.toThrow(
      'no node of the Redis Cluster reports the location of key: NOPERM',
    );
  });
});

it('a key that probes a primary has the same slot as the key that it is for', () => {
  expect(shardKeys('rankd', 3).probe).toBe('rankd:{s03}:probe');
  // The hash tag is the whole key of the record.
  expect(clusterProbeKey('rankd')).toBe('rankd:{rankd:cfg}:probe');
});

describe('an append that Redis rejects', () => {
  const refusing = (sentence: string) =>
    clientOf({ eval: () => Promise.reject(Object.assign(new Error(sentence), { name: 'ReplyError' })) });

  it.each([
    'MOVED 7 a:1',
    'ASK 7 a:1',
    'TRYAGAIN Multiple keys',
    'CLUSTERDOWN The cluster is down',
    'READONLY You',
    'EXECABORT T',
  ])('with %s has written nothing, and the server looks for another primary', async sentence => {
    const { redis, asked } = refusing(sentence);
    const writer = new StreamWriter(new FakeClock(), 'async', () => '');
    writer.attachConnection(redis);
    expect(await writer.append({ key: 'k', parts: [] })).toEqual({ kind: 'refused', reason: sentence });
    expect(asked.at(-1)).toEqual(['disconnect']);
  });

  it.each(['OOM command not allowed', 'NOREPLICAS Not enough', 'ASKED for nothing'])(
    'with %s does not start a search for another primary',
    async sentence => {
      const { redis, asked } = refusing(sentence);
      const writer = new StreamWriter(new FakeClock(), 'async', () => '');
      writer.attachConnection(redis);
      expect(await writer.append({ key: 'k', parts: [] })).toEqual({ kind: 'refused', reason: sentence });
      expect(asked).toHaveLength(1);
    },
  );
});

describe('the combined state of several connections', () => {
  const lane = (...shards: number[]): PrimaryConnection => ({ shards }) as unknown as PrimaryConnection;
  const up = { kind: 'up' } as const;
  const down = (reason: string) => ({ kind: 'down', reason }) as const;

  function states(): { states: CombinedConnectionState; reported: unknown[] } {
    const reported: unknown[] = [];
    const ports = {
      onConnectionState: (state: unknown) => reported.push(state),
      onReconnected: (shards: readonly number[]) => reported.push(shards),
    };
    return { states: new CombinedConnectionState(ports), reported };
  }

  it('is up while all of them are up, and down with the reason of the first, which is logged once', () => {
    const { states: all, reported } = states();
    const [one, other] = [lane(0), lane(1)];
    all.recordState(one, up);
    all.recordState(other, up);
    all.recordState(one, down('one'));
    all.recordState(other, down('other'));
    expect(reported).toEqual([up, down('one')]);
  });

  it('names the shards of each connection that is up again, even if others are down', () => {
    const { states: all, reported } = states();
    const [one, other] = [lane(0, 2), lane(1)];
    for (const each of [one, other]) all.recordState(each, up);
    for (const each of [one, other]) all.recordState(each, down('away'));
    reported.splice(0);
    all.recordState(other, up);
    expect(reported).toEqual([[1]]);
    all.recordState(one, up);
    expect(reported).toEqual([[1], up, [0, 2]]);
  });

  it('does not include a connection that was removed', () => {
    const { states: all, reported } = states();
    const [one, other] = [lane(0), lane(1)];
    all.recordState(one, up);
    all.recordState(other, down('away'));
    all.removeConnection(other);
    all.recordState(other, up);
    expect(reported).toEqual([up, down('away'), up]);
    const alone = states();
    alone.states.recordState(one, down('away'));
    alone.states.removeConnection(one);
    expect(alone.reported).toEqual([down('away')]);
  });
});
