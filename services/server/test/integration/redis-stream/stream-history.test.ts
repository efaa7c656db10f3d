import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { AppendResult } from '../../../src/cluster/stream-port.js';
import { failOver, follow, numbered, type OpenShard, standing, StreamFixture, untilState } from './stream-fixture.js';

/** Records that were read, and a stream that changed afterwards: promoted replicas, trims, foreign writers. */

jest.setTimeout(30_000);

let fixture: StreamFixture;
beforeEach(() => {
  fixture = new StreamFixture();
});
afterEach(() => fixture.dispose());

const ok = { kind: 'ok' };
const LOG = 'rankd:{s00}:log';

async function appendAll({ shard }: OpenShard, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) expect(await shard.append([body], 1)).toEqual(ok);
}

it('K4: a replica that has everything is promoted, and the stream continues', async () => {
  const pair = await fixture.pair();
  const open = await fixture.openShard(pair.url);
  await appendAll(open, numbered('before', 50));
  await fixture.client(pair.primary.url).wait(1, 5000);
  const client = fixture.client(pair.replica.url);
  await failOver(pair, client);
  await untilState(open, 'down');
  await untilState(open, 'up');
  expect(await open.shard.beginEpoch(2, 'epoch')).toEqual(ok);
  await open.reading.untilTold('epoch');
  expect(open.reading.bodies).toEqual(['genesis', ...numbered('before', 50), 'epoch']);
  expect(open.reading.why).toBeUndefined();
  expect(await open.shard.containsRecord({ position: { epoch: 1, seq: 50 }, mark: await markOf(client, '1-50') })).toBe(
    true,
  );
});

it('K5: a replica without the end is promoted: readers get a report, no server writes before the report, and all have the same records afterwards', async () => {
  const pair = await fixture.pair();
  const open = await fixture.openShard(pair.url);
  const other = await fixture.openShard(pair.url);
  await appendAll(open, numbered('kept', 20));
  await fixture.client(pair.primary.url).wait(1, 5000);
  pair.link.treat('toClient', 'hold');
  await appendAll(open, numbered('lost', 20));
  await Promise.all([open.reading.untilTold('lost-19'), other.reading.untilTold('lost-19')]);

  const client = fixture.client(pair.replica.url);
  await failOver(pair, client);
  expect(await open.reading.untilBroken()).toBe('rewritten');
  expect(await other.reading.untilBroken()).toBe('rewritten');
  expect(await open.shard.append(['x'], 1)).toMatchObject({ kind: 'refused' });

  const last = open.shard.lastRead ?? { position: { epoch: 0, seq: 0 }, mark: '' };
  expect([last.position, await open.shard.containsRecord(last)]).toEqual([{ epoch: 1, seq: 40 }, false]);

  const [reading, otherReading] = [await follow(open.shard), await follow(other.shard)];
  await reading.untilTold('kept-19');
  expect(await open.shard.beginEpoch(2, 'epoch')).toEqual(ok);
  await Promise.all([reading.untilTold('epoch'), otherReading.untilTold('epoch')]);
  expect(reading.bodies).toEqual(['genesis', ...numbered('kept', 20), 'epoch']);
  expect(otherReading.told).toEqual(reading.told);
});

it('K5: readers also get a report if the new history has the same length and content', async () => {
  const pair = await fixture.pair();
  const open = await fixture.openShard(pair.url);
  await appendAll(open, ['kept']);
  await fixture.client(pair.primary.url).wait(1, 5000);
  pair.link.treat('toClient', 'hold');
  await appendAll(open, ['first', 'second', 'last']);
  await open.reading.untilTold('last');

  const client = fixture.client(pair.replica.url);
  pair.address.treat('toClient', 'hold');
  await failOver(pair, client);
  const successor = await fixture.openShard(pair.replica.url);
  await appendAll(successor, ['second', 'first', 'last', 'more']);
  pair.address.treat('toClient', 'pass');
  pair.address.reset();
  expect(await open.reading.untilBroken()).toBe('rewritten');
  expect(open.reading.bodies).toEqual(['genesis', 'kept', 'first', 'second', 'last']);
});

it('an append by a server that has not noticed the rewritten history writes nothing', async () => {
  const redis = await fixture.redis();
  const client = fixture.client(redis.url);
  const open = await fixture.openShard(redis.url);
  await appendAll(open, ['one']);
  await open.reading.untilTold('one');
  // This stream is as if Redis was restored and another server continued: it is longer, in the same epoch, and has matching ids.
  const rewriting = client.multi().del(LOG).xadd(LOG, '1-0', 'm', 'a', 'p', '', 'b', 'genesis');
  rewriting.xadd(LOG, '1-1', 'm', 'b', 'p', 'a', 'b', 'one').xadd(LOG, '1-2', 'm', 'c', 'p', 'b', 'b', 'two');
  await rewriting.exec();
  expect(await open.shard.append(['three'], 1)).toMatchObject({ kind: 'refused' });
  expect(await open.shard.beginEpoch(2, 'epoch')).toMatchObject({ kind: 'refused' });
  expect(await standing(client)).toEqual(['genesis', 'one', 'two']);
});

it('with ack replicated no acknowledged record is lost with the primary', async () => {
  const pair = await fixture.pair();
  const open = await fixture.openShard(pair.url, { ack: 'replicated' });
  const said: string[] = [];
  const append = async (body: string): Promise<AppendResult> => {
    const outcome = await open.shard.append([body], 1);
    if (outcome.kind === 'ok') said.push(body);
    return outcome;
  };
  for (const body of numbered('calm', 100)) expect(await append(body)).toEqual(ok);
  pair.link.treat('toClient', 'hold');
  expect(await append('held')).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('no replica') });
  pair.link.treat('toClient', 'pass');
  expect(await append('covers what was held')).toEqual(ok);

  // In the middle of a load, first the link fails and then the primary.
  const load = (async () => {
    for (let number = 0; ; number += 1) if ((await append(`load-${number}`)).kind !== 'ok') return;
  })();
  await open.reading.untilTold('load-50');
  pair.link.treat('toClient', 'hold');
  await load;
  const client = fixture.client(pair.replica.url);
  await failOver(pair, client);
  const stood = await standing(client);
  expect(said.length).toBeGreaterThan(150);
  expect(stood.filter(body => said.includes(body))).toEqual(said);
  expect(stood).toContain('held');
});

it('K7: a stream that was trimmed past a slow reader is reported as trimmed', async () => {
  const redis = await fixture.redis();
  const proxy = await fixture.proxy(redis.port);
  const slow = await fixture.openShard(`redis://127.0.0.1:${proxy.port}`);
  const other = await fixture.openShard(redis.url);
  proxy.treat('toClient', 'drop');
  await appendAll(other, numbered('body', 10));
  await fixture.client(redis.url).xtrim(LOG, 'MINID', '1-8');
  proxy.treat('toClient', 'pass');
  proxy.reset();
  expect(await slow.reading.untilBroken()).toBe('trimmed');
});

/** Writes raw records after the last one, in one step with the commands of `then`. */
async function writeRaw(client: Redis, then: (write: ReturnType<Redis['multi']>) => void): Promise<void> {
  const write = client.multi();
  then(write);
  const results = await write.exec();
  for (const [error] of results ?? []) expect(error).toBeNull();
}

async function markOf(client: Redis, id: string): Promise<string> {
  const [record] = await client.xrange(LOG, id, id);
  return record?.[1][1] ?? '';
}

interface Harm {
  readonly name: string;
  readonly why: string;
  readonly write: (write: ReturnType<Redis['multi']>, mark: string) => void;
}

const harms: readonly Harm[] = [
  {
    name: 'K7: records are trimmed before they are read',
    why: 'trimmed',
    write: (write, mark) => {
      write.xadd(LOG, '1-2', 'm', 'a', 'p', mark, 'b', 'gone').xadd(LOG, '1-3', 'm', 'b', 'p', 'a', 'b', 'stands');
      write.xtrim(LOG, 'MINID', '1-3');
    },
  },
  {
    name: 'K7: the end of an epoch is trimmed before it is read, so that the numbers look dense',
    why: 'trimmed',
    write: (write, mark) => {
      write.xadd(LOG, '1-2', 'm', 'a', 'p', mark, 'b', 'gone').xadd(LOG, '2-0', 'm', 'b', 'p', 'a', 'b', 'epoch');
      write.xtrim(LOG, 'MINID', '2-0');
    },
  },
  {
    name: 'a record is deleted before it is read',
    why: 'malformed',
    write: (write, mark) => {
      write.xadd(LOG, '1-2', 'm', 'a', 'p', mark, 'b', 'gone').xadd(LOG, '1-3', 'm', 'b', 'p', 'a', 'b', 'stands');
      write.xdel(LOG, '1-2');
    },
  },
  { name: 'a record lacks its fields', why: 'malformed', write: write => write.xadd(LOG, '1-2', 'body', 'x') },
  {
    name: 'an id is skipped',
    why: 'malformed',
    write: (write, mark) => write.xadd(LOG, '1-3', 'm', 'a', 'p', mark, 'b', 'x'),
  },
  {
    name: 'an epoch begins in its middle',
    why: 'malformed',
    write: (write, mark) => write.xadd(LOG, '2-1', 'm', 'a', 'p', mark, 'b', 'x'),
  },
  {
    name: 'the stream is created again, with as many records and the same bodies',
    why: 'rewritten',
    write: write => {
      write
        .del(LOG)
        .xadd(LOG, '1-0', 'm', 'a', 'p', '', 'b', 'genesis')
        .xadd(LOG, '1-1', 'm', 'b', 'p', 'a', 'b', 'one');
    },
  },
  {
    name: 'the stream is created again, and shorter',
    why: 'rewritten',
    write: write => write.del(LOG).xadd(LOG, '1-0', 'm', 'a', 'p', '', 'b', 'genesis'),
  },
  {
    name: 'the stream is created again, and longer',
    why: 'rewritten',
    write: write => {
      write
        .del(LOG)
        .xadd(LOG, '1-0', 'm', 'a', 'p', '', 'b', 'genesis')
        .xadd(LOG, '1-1', 'm', 'b', 'p', 'a', 'b', 'one');
      write.xadd(LOG, '1-2', 'm', 'c', 'p', 'b', 'b', 'two');
    },
  },
];

it.each(harms)('reported as $why: $name', async ({ why, write }) => {
  const { url } = await fixture.redis();
  const open = await fixture.openShard(url);
  await appendAll(open, ['one']);
  await open.reading.untilTold('one');
  const client = fixture.client(url);
  const mark = await markOf(client, '1-1');
  await writeRaw(client, multi => write(multi, mark));
  expect(await open.reading.untilBroken()).toBe(why);
  expect(open.reading.bodies).toEqual(['genesis', 'one']);
  expect(await open.shard.append(['x'], 1)).toMatchObject({ kind: 'refused' });
});
