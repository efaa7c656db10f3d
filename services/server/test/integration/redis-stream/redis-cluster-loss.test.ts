import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { eventually, type LaunchedNode } from '@rankd/testkit';
import type { StreamBreakReason } from '../../../src/cluster/stream-port.js';
import type { ShardStream } from '../../../src/redis-stream/shard-stream.js';
import { RedisClusterFixture } from './redis-cluster-fixture.js';
import {
  follow,
  numbered,
  type OpenStore,
  type Reading,
  standing,
  StreamFixture,
  untilState,
} from './stream-fixture.js';

/** The streams of records on a Redis Cluster that loses a primary: nobody but itself promotes the replica. */

jest.setTimeout(60_000);

const ok = { kind: 'ok' };
/** A second of silence, an election and a promotion; a busy machine takes its time. */
const TAKEN_MS = 30_000;
const SHARDS = 8;
const logOf = (shard: number): string => `rankd:{s0${shard}}:log`;

let redis: RedisClusterFixture;
let fixture: StreamFixture;
beforeEach(async () => {
  fixture = new StreamFixture();
  redis = await RedisClusterFixture.launch(['--appendonly', 'yes']);
});
afterEach(async () => {
  await fixture.dispose();
  await redis.dispose();
});

/** A shard that is opened again where it has to be, as a server does. */
interface Kept {
  readonly shard: ShardStream;
  reading: Reading;
  /** Why its readings before ended. */
  readonly whys: StreamBreakReason[];
}

async function keep(shard: ShardStream): Promise<Kept> {
  return { shard, reading: await follow(shard), whys: [] };
}

/** Appends each body until it is taken; where that is not known, it may stand. Resolves with those of which it is known. */
async function appendAll(kept: Kept, bodies: readonly string[]): Promise<string[]> {
  const known: string[] = [];
  for (const body of bodies) {
    await eventually(TAKEN_MS, `${body} to be taken`, async () => {
      const { why } = kept.reading;
      if (why !== undefined) {
        kept.whys.push(why);
        kept.reading = await follow(kept.shard);
      }
      const { kind } = await kept.shard.append([body], 1);
      if (kind === 'ok') known.push(body);
      return kind === 'refused' ? undefined : true;
    });
  }
  return known;
}

/** A shard at the first primary, and one elsewhere. */
async function shardsApart(opened: OpenStore): Promise<{ here: number; elsewhere: number }> {
  await opened.store.prepare({ clusterId: 'cluster' });
  const [at] = redis.launched.primaries;
  const held = at === undefined ? [] : await redis.shardsAt(at, 'rankd', SHARDS);
  const elsewhere = numbered('', SHARDS).findIndex((_, shard) => !held.includes(shard));
  return { here: held[0] ?? -1, elsewhere };
}

/** The replica of the primary that neither was lost nor holds this shard. */
async function spare(shard: number): Promise<LaunchedNode> {
  const { primaries, replicas } = redis.launched;
  const holder = primaries.indexOf(await redis.ownerOf(logOf(shard)));
  const node = replicas[3 - holder];
  if (node === undefined) throw new Error('there are three primaries');
  return node;
}

it('what replicas have confirmed stands at the promoted one, in order, and all shards go on', async () => {
  const opened = fixture.store(redis.url, { shards: SHARDS, ack: 'replicated' });
  const { here, elsewhere } = await shardsApart(opened);
  const kept = await Promise.all([here, elsewhere].map(async shard => await keep(opened.store.shard(shard))));
  const bodies = numbered('body', 300);
  const appending = kept.map(async each => await appendAll(each, bodies));
  await kept[0]?.reading.untilRead(100);
  redis.launched.primaries[0]?.childProcess.kill();
  await untilState(opened, 'down');
  const promoted = await redis.ownerOf(logOf(here));
  expect(promoted).toBe(redis.launched.replicas[0]);
  // It has no replica to confirm anything: it is given another's, as Redis does by itself where one has two.
  await redis.at(await spare(elsewhere)).cluster('REPLICATE', promoted.id);
  const known = await Promise.all(appending);
  await untilState(opened, 'up');

  for (const [index, shard] of [here, elsewhere].entries()) {
    const stood = await standing(redis.client, logOf(shard));
    expect(stood.filter(body => known[index]?.includes(body))).toEqual(known[index]);
    expect(new Set(stood).size).toBe(stood.length);
    await kept[index]?.reading.untilTold(stood.at(-1) ?? '');
    expect(kept[index]?.reading.bodies).toEqual(stood);
  }
  // What the lost primary alone had may have been read: then it is told that it does not stand.
  expect(kept[0]?.whys.filter(why => why !== 'rewritten')).toEqual([]);
  expect(kept[1]?.whys).toEqual([]);
  expect(opened.returns.flat()).toContain(here);
});

it('a promoted replica that lacks what was read is told of as rewritten, and the order goes on from what it has', async () => {
  const opened = fixture.store(redis.url, { shards: SHARDS });
  const { here } = await shardsApart(opened);
  const kept = await keep(opened.store.shard(here));
  const { shard, reading } = kept;
  expect(await appendAll(kept, ['kept'])).toEqual(['kept']);
  const [primary] = redis.launched.primaries;
  if (primary === undefined) throw new Error('there is a primary');
  await redis.at(primary).wait(1, 5000);
  // The replica is thrown out and not let in again.
  await redis.at(primary).acl('SETUSER', 'default', '-psync');
  await redis.at(primary).client('KILL', 'TYPE', 'REPLICA');
  expect(await shard.append(['lost'], 1)).toEqual(ok);
  await reading.untilTold('lost');
  primary.childProcess.kill();
  expect(await eventually(TAKEN_MS, 'to be told', () => reading.why)).toBe('rewritten');
  expect(await shard.append(['in vain'], 1)).toMatchObject({ kind: 'refused' });
  expect(await appendAll(kept, ['after'])).toEqual(['after']);
  await kept.reading.untilTold('after');
  expect(kept.reading.bodies).toEqual(['genesis', 'kept', 'after']);
});
