import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import { StreamError } from '../../../src/cluster/stream-error.js';
import { APPEND_BYTES_MAX, APPEND_RECORDS_MAX } from '../../../src/redis-stream/shard-stream.js';
import { RedisClusterFixture } from './redis-cluster-fixture.js';
import { follow, numbered, Reading, standing, StreamFixture } from './stream-fixture.js';

/** The stream of records on a healthy Redis. */

jest.setTimeout(30_000);

const ok = { kind: 'ok' };

let fixture: StreamFixture;
let redisCluster: RedisClusterFixture;
let tests = 0;
beforeAll(async () => {
  redisCluster = await RedisClusterFixture.launch();
});
afterAll(() => redisCluster.dispose());
beforeEach(() => {
  fixture = new StreamFixture();
  tests += 1;
});
afterEach(() => fixture.dispose());

/** Deletes every key under this prefix. */
interface Place {
  readonly url: string;
  readonly prefix: string;
  /** A client that inspects Redis. */
  readonly client: Pick<Redis, 'xrange' | 'hgetall' | 'pttl'>;
}

async function aServer(): Promise<Place> {
  const { url } = await fixture.redis();
  return { url, prefix: 'rankd', client: fixture.client(url) };
}

function aCluster(): Promise<Place> {
  const { url, client } = redisCluster;
  return Promise.resolve({ url, prefix: `test-${tests}`, client });
}

describe.each([
  ['one server', aServer],
  ['a Redis Cluster', aCluster],
])('on %s', (_, create) => {
  let url: string;
  let prefix: string;
  let client: Place['client'];
  let log: string;
  beforeEach(async () => {
    ({ url, prefix, client } = await create());
    log = `${prefix}:{s00}:log`;
  });

  it('two servers that append at once read the same records in the same order, without gaps or duplicates', async () => {
    const one = await fixture.openShard(url, { prefix });
    const other = await fixture.openShard(url, { prefix });
    const appendAll = async (shard: typeof one.shard, bodies: readonly string[]): Promise<void> => {
      for (const body of bodies) expect(await shard.append([body], 1)).toEqual(ok);
      expect(await shard.append(['end'], 1)).toEqual(ok);
    };
    await Promise.all([appendAll(one.shard, numbered('one', 200)), appendAll(other.shard, numbered('other', 200))]);

    const stood = await standing(client, log);
    for (const { reading } of [one, other]) {
      await reading.untilRead(403);
      expect(reading.bodies).toEqual(stood);
      expect(reading.ids).toEqual(Array.from({ length: 403 }, (_, seq) => `1-${seq}`));
      expect(reading.bodies.filter(body => body.startsWith('one-'))).toEqual(numbered('one', 200));
    }
  });

  it('an append of several bodies writes several records, in their order', async () => {
    const { shard, reading } = await fixture.openShard(url, { prefix });
    const bodies = numbered('body', APPEND_RECORDS_MAX);
    expect(await shard.append(bodies, 1)).toEqual(ok);
    await reading.untilTold(bodies.at(-1) ?? '');
    expect(reading.bodies).toEqual(['genesis', ...bodies]);
  });

  it('a body with any content is read unchanged', async () => {
    const { shard, reading } = await fixture.openShard(url, { prefix });
    const body = `\u0000 \r\n "${'é𝕏'.repeat(1000)}"`;
    expect(await shard.append([body, ''], 1)).toEqual(ok);
    await reading.untilTold('');
    expect(reading.bodies).toEqual(['genesis', body, '']);
  });

  it('an append has a limit of records and of bytes', async () => {
    const { shard, reading } = await fixture.openShard(url, { prefix });
    expect(await shard.append(['x'.repeat(APPEND_BYTES_MAX)], 1)).toEqual(ok);
    await expect(shard.append(['x'.repeat(APPEND_BYTES_MAX), 'y'], 1)).rejects.toThrow(RangeError);
    await expect(shard.append(numbered('body', APPEND_RECORDS_MAX + 1), 1)).rejects.toThrow(RangeError);
    await expect(shard.append([], 1)).rejects.toThrow(RangeError);
    expect(await shard.append(['last'], 1)).toEqual(ok);
    await reading.untilTold('last');
    expect(reading.told).toHaveLength(3);
  });

  it('only one append at a time is accepted', async () => {
    const { shard } = await fixture.openShard(url, { prefix });
    const first = shard.append(['first'], 1);
    await expect(shard.append(['second'], 1)).rejects.toThrow('in progress');
    expect(await first).toEqual(ok);
  });

  it('K9: of servers that begin an epoch at once exactly one succeeds, and the old epoch ends for all of them', async () => {
    const one = await fixture.openShard(url, { prefix });
    const other = await fixture.openShard(url, { prefix });
    for (let epoch = 2; epoch <= 21; epoch += 1) {
      const begun = [one.shard.beginEpoch(epoch, `one-${epoch}`), other.shard.beginEpoch(epoch, `other-${epoch}`)];
      const kinds = (await Promise.all(begun)).map(({ kind }) => kind);
      expect([...kinds].sort()).toEqual(['fenced', 'ok']);
      const body = `${kinds[0] === 'ok' ? 'one' : 'other'}-${epoch}`;
      await Promise.all([one.reading.untilTold(body), other.reading.untilTold(body)]);
      expect(await one.shard.append(['old'], epoch - 1)).toEqual({ kind: 'fenced' });
      expect(await other.shard.append([`of ${epoch}`], epoch)).toEqual(ok);
    }
    await Promise.all([one.reading.untilTold('of 21'), other.reading.untilTold('of 21')]);
    expect(one.reading.ids.slice(-2)).toEqual(['21-0', '21-1']);
    expect(one.reading.told).toEqual(other.reading.told);
    expect(one.reading.bodies).not.toContain('old');
  });

  it('an append in an epoch that has not begun writes nothing', async () => {
    const { shard } = await fixture.openShard(url, { prefix });
    expect(await shard.append(['too early'], 2)).toMatchObject({ kind: 'refused' });
    expect(await standing(client, log)).toEqual(['genesis']);
  });

  it('of servers that start first at once one creates the cluster, with a single genesis record', async () => {
    const stores = numbered('cluster', 4).map(clusterId => ({
      clusterId,
      ...fixture.store(url, { prefix, shards: 2 }),
    }));
    const prepared = await Promise.all(stores.map(({ store, clusterId }) => store.prepare({ clusterId })));
    expect(prepared.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(prepared.map(({ clusterId }) => clusterId)).size).toBe(1);
    const readings = await Promise.all(stores.flatMap(({ store }) => [0, 1].map(index => follow(store.shard(index)))));
    for (const { ids } of readings) expect(ids).toEqual(['1-0']);
    expect(await standing(client, log)).toEqual(['genesis']);
  });

  it('shards are independent: each has its own records, and one accepts what another rejects', async () => {
    const { store } = fixture.store(url, { prefix, shards: 16 });
    await store.prepare({ clusterId: 'cluster' });
    const shards = Array.from({ length: 16 }, (_, index) => store.shard(index));
    const readings = await Promise.all(shards.map(follow));
    const outcomes = await Promise.all(
      shards.map((shard, index) => shard.append([`of ${index}`], index === 3 ? 9 : 1)),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(outcomes.map((_, index) => (index === 3 ? 'refused' : 'ok')));
    for (const [index, reading] of readings.entries()) {
      if (index === 3) continue;
      await reading.untilTold(`of ${index}`);
      expect(reading.bodies).toEqual(['genesis', `of ${index}`]);
    }
  });

  it('a server with another number of shards gets an error with the right number', async () => {
    await fixture.store(url, { prefix, shards: 2 }).store.prepare({ clusterId: 'cluster' });
    const { store } = fixture.store(url, { prefix, shards: 3 });
    await expect(store.prepare({ clusterId: 'cluster' })).rejects.toMatchObject({
      fault: 'unsuited',
      message: expect.stringContaining('created with 2 shards, and RANKD_SHARDS is 3'),
    });
  });

  it('every operation on a shard that is not open is rejected with the reason', async () => {
    const { store } = fixture.store(url, { prefix });
    await expect(store.shard(0).open(new Reading(), 'genesis')).rejects.toThrow('not been prepared');
    await store.prepare({ clusterId: 'cluster' });
    expect(await store.shard(0).append(['x'], 1)).toMatchObject({ kind: 'refused' });
    await expect(store.shard(0).saveSnapshot({ epoch: 1, seq: 0 }, 'x')).rejects.toThrow('s00 is not open');
  });

  it('a closed shard reports no more records, another shard continues, and a reopened shard reports everything', async () => {
    const one = fixture.store(url, { prefix, shards: 2 });
    const other = fixture.store(url, { prefix, shards: 2 });
    const [closing, neighbour] = await Promise.all(
      [0, 1].map(async index => {
        await one.store.prepare({ clusterId: 'cluster' });
        return await follow(one.store.shard(index));
      }),
    );
    await other.store.prepare({ clusterId: 'cluster' });
    await Promise.all([0, 1].map(index => follow(other.store.shard(index))));
    await one.store.shard(0).close();
    expect(await one.store.shard(0).append(['closed'], 1)).toMatchObject({ kind: 'refused' });
    for (const index of [0, 1]) expect(await other.store.shard(index).append(['late'], 1)).toEqual(ok);
    await neighbour?.untilTold('late');
    expect(closing?.bodies).toEqual(['genesis']);
    const again = await follow(one.store.shard(0));
    await again.untilTold('late');
    expect(closing?.bodies).toEqual(['genesis']);
    expect(one.states).toEqual([{ kind: 'up' }]);
  });

  it('a shard that is closed while it opens stays closed', async () => {
    const { store } = fixture.store(url, { prefix });
    await store.prepare({ clusterId: 'cluster' });
    const opening = store.shard(0).open(new Reading(), 'genesis');
    await store.shard(0).close();
    await expect(opening).rejects.toMatchObject({ fault: 'unavailable' });
    expect(await store.shard(0).append(['x'], 1)).toMatchObject({ kind: 'refused' });
    expect((await follow(store.shard(0))).bodies).toEqual(['genesis']);
  });

  it('after close() nothing is reported, and appends are rejected', async () => {
    const one = await fixture.openShard(url, { prefix });
    const other = await fixture.openShard(url, { prefix });
    await one.store.close();
    const told = one.reading.told.length;
    expect(await other.shard.append(['late'], 1)).toEqual(ok);
    await other.reading.untilTold('late');
    expect(await one.shard.append(['x'], 1)).toMatchObject({ kind: 'refused' });
    expect(one.reading.told).toHaveLength(told);
    expect(one.states).toEqual([{ kind: 'up' }]);
  });
});

it('a server that needs a replica gets an error if there is none', async () => {
  const { store } = fixture.store((await fixture.redis()).url, { ack: 'replicated' });
  const refusal = await store.prepare({ clusterId: 'cluster' }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(StreamError);
  expect(refusal).toMatchObject({ fault: 'unavailable', message: expect.stringContaining('replica') });
});

it('a warning is given for a Redis that may evict the order or does not store it', async () => {
  const careless = fixture.store((await fixture.redis('--maxmemory-policy', 'allkeys-lru')).url);
  await careless.store.prepare({ clusterId: 'cluster' });
  expect(careless.warnings.join()).toMatch(/allkeys-lru.*appendonly/);
  const careful = fixture.store((await fixture.redis('--appendonly', 'yes')).url);
  await careful.store.prepare({ clusterId: 'cluster' });
  expect(careful.warnings).toEqual([]);
});

it('the clock of Redis on the same machine agrees within a few ms', async () => {
  const { store } = fixture.store((await fixture.redis()).url);
  await store.prepare({ clusterId: 'cluster' });
  expect(Math.abs(Date.now() - performance.now() - (store.clockOffsetMs ?? 0))).toBeLessThan(50);
});

it('a reopened shard reports everything again, to the new listener only', async () => {
  const { shard, reading } = await fixture.openShard((await fixture.redis()).url);
  await shard.append(['one'], 1);
  await reading.untilTold('one');
  const again = await follow(shard);
  await shard.append(['two'], 1);
  await again.untilTold('two');
  expect(again.bodies).toEqual(['genesis', 'one', 'two']);
  expect(reading.bodies).toEqual(['genesis', 'one']);
});
