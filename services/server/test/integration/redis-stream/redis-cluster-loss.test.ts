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

/** The streams of records on a Redis Cluster that loses a primary. The cluster itself promotes the replica. */

jest.setTimeout(60_000);

const ok = { kind: 'ok' };
/** A second of silence, an election and a promotion, plus time for a busy machine. */
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

/** A shard that is opened again when it breaks, as a server does. */
interface Kept {
  readonly shard: ShardStream;
  reading: Reading;
  /** Why its earlier readings ended. */
  readonly whys: StreamBreakReason[];
}

async function keep(shard: ShardStream): Promise<Kept> {
  return { shard, reading: await follow(shard), whys: [] };
}

/** Appends each body until Redis accepts it. An unknown append may be stored. Returns the bodies known to be stored. */
async function appendAll(kept: Kept, bodies: readonly string[]): Promise<string[]> {
  const known: string[] = [];
  for (const body of bodies) {
    await eventually(TAKEN_MS, `${body} to be accepted`, async () => {
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

/** A shard at the first primary, and one at another primary. */
async function shardsApart(opened: OpenStore): Promise<{ here: number; elsewhere: number }> {
  await opened.store.prepare({ clusterId: 'cluster' });
  const [at] = redis.launched.primaries;
  const held = at === undefined ? [] : await redis.shardsAt(at, 'rankd', SHARDS);
  const elsewhere = numbered('', SHARDS).findIndex((_, shard) => !held.includes(shard));
  return { here: held[0] ?? -1, elsewhere };
}

/** Returns the replica of a primary that does not have this shard and was not lost. */
async function spare(shard: number): Promise<LaunchedNode> {
  const { primaries, replicas } = redis.launched;
  const holder = primaries.indexOf(await redis.ownerOf(logOf(shard)));
  const node = replicas[3 - holder];
  if (node === undefined) throw new Error('fewer than three primaries');
  return node;
}

it('records that replicas have confirmed are at the promoted replica, in order, and all shards continue', async () => {
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
  // The promoted node has no replica to confirm writes. Redis would give it a spare replica by itself if there were
  // one.
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
  // A reader may have read records that only the lost primary had, and then learns that the stream was rewritten.
  expect(kept[0]?.whys.filter(why => why !== 'rewritten')).toEqual([]);
  expect(kept[1]?.whys).toEqual([]);
  expect(opened.returns.flat()).toContain(here);
});

it('a promoted replica without the last records is reported as rewritten, and the order continues from its end', async () => {
  const opened = fixture.store(redis.url, { shards: SHARDS });
  const { here } = await shardsApart(opened);
  const kept = await keep(opened.store.shard(here));
  const { shard, reading } = kept;
  expect(await appendAll(kept, ['kept'])).toEqual(['kept']);
  const [primary] = redis.launched.primaries;
  if (primary === undefined) throw new Error('no primary');
  await redis.at(primary).wait(1, 5000);
  // Disconnects the replica and keeps it from connecting again.
  await redis.at(primary).acl('SETUSER', 'default', '-psync');
  await redis.at(primary).client('KILL', 'TYPE', 'REPLICA');
  expect(await shard.append(['lost'], 1)).toEqual(ok);
  await reading.untilTold('lost');
  primary.childProcess.kill();
  expect(await eventually(TAKEN_MS, 'the report of the break', () => reading.why)).toBe('rewritten');
  expect(await shard.append(['in vain'], 1)).toMatchObject({ kind: 'refused' });
  expect(await appendAll(kept, ['after'])).toEqual(['after']);
  await kept.reading.untilTold('after');
  expect(kept.reading.bodies).toEqual(['genesis', 'kept', 'after']);
});
