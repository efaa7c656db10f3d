import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { mirrorKeys } from '../../../src/mirror/keys.js';
import { mirrorScript } from '../../../src/mirror/script.js';
import { MirrorFixture } from './mirror-fixture.js';
import { readEvents, readTable } from './mirror-table.js';

/** Runs the script alone, as an older and a newer server would. */

let fixture: MirrorFixture;
let redis: Redis;

beforeAll(async () => {
  fixture = new MirrorFixture();
  redis = fixture.reader((await fixture.redis()).url);
});
afterAll(() => fixture.dispose());
beforeEach(() => redis.flushall());

const keys = mirrorKeys('rankd', 'default');

interface Write {
  readonly epoch?: number;
  readonly view: number;
  readonly from: number | 'whole';
  readonly joined?: readonly string[];
  readonly left?: readonly string[];
  /** The changes after the departures, in the order in which the server sends them. */
  readonly then?: readonly unknown[];
  /** The views of the events in the write. */
  readonly events?: readonly number[];
  readonly size: number;
}

async function write({
  epoch = 1,
  view,
  from,
  joined = [],
  left = [],
  then = [],
  events = [],
  size,
}: Write): Promise<unknown> {
  const info = { epoch: String(epoch), view: String(view), size: String(size) };
  const changes = [
    ...left.map(member => [0, member]),
    ...then,
    ...joined.map(member => [1, member, JSON.stringify({ member }), seatOf(member)]),
  ];
  const told = events.map(each => ['epoch', String(epoch), 'view', String(each), 'kind', 'joined']);
  const content = [info, changes, told].map(part => JSON.stringify(part));
  const { ranks, members, info: infoKey, events: stream, epoch: epochKey, seats } = keys;
  const six = [ranks, members, infoKey, stream, epochKey, seats];
  return await redis.eval(mirrorScript, 6, ...six, epoch, view, from, ...content, 10_000, 15_000, SEATS_MS);
}

const SEATS_MS = 60_000;
const seatOf = (member: string): string => JSON.stringify({ id: member });

async function order(): Promise<readonly string[]> {
  return (await readTable(redis))?.order ?? [];
}

it('replaces any stored roster with a whole one', async () => {
  expect(await write({ view: 1, from: 'whole', joined: ['a', 'b', 'c'], size: 3 })).toBe('written');
  expect(await write({ view: 7, from: 'whole', joined: ['c', 'd'], size: 2 })).toBe('written');
  expect(await order()).toEqual(['c', 'd']);
});

it('applies changes that start from the stored view', async () => {
  await write({ view: 1, from: 'whole', joined: ['a', 'b', 'c', 'd'], size: 4 });
  expect(await write({ view: 5, from: 1, left: ['a', 'c'], joined: ['e', 'f'], size: 4 })).toBe('written');
  expect(await order()).toEqual(['b', 'd', 'e', 'f']);
});

it('asks for the whole roster if the changes start from another view', async () => {
  await write({ view: 2, from: 'whole', joined: ['a'], size: 1 });
  expect(await write({ view: 5, from: 4, joined: ['b'], size: 2 })).toBe('whole');
  expect(await write({ epoch: 2, view: 3, from: 2, joined: ['b'], size: 2 })).toBe('whole');
  expect(await order()).toEqual(['a']);
});

it('asks for the whole roster if none is stored', async () => {
  expect(await write({ view: 5, from: 4, joined: ['b'], size: 2 })).toBe('whole');
  expect(await redis.dbsize()).toBe(0);
});

it('applies moves up and down, departures and joins in order', async () => {
  const members = ['a', 'b', 'c', 'd', 'e', 'f'];
  await write({ view: 1, from: 'whole', joined: members, size: 6 });
  const moves = { view: 9, from: 1, left: ['b', 'e'], joined: ['g'], size: 5 } as const;
  // acdf -> facd -> fcad -> cad -> cadg
  const then = [[2, 'f', 0], [2, 'c', 1], [0, 'f'], [2, 'c', 0]]; // prettier-ignore
  expect(await write({ ...moves, then, size: 4 })).toBe('written');
  expect(await order()).toEqual(['c', 'a', 'd', 'g']);
  expect((await redis.hgetall(keys.seats))['#order']).toBe('c a d g');
});

it('closes the ranks before a newcomer that joins after a departure and a move', async () => {
  await write({ view: 1, from: 'whole', joined: ['a', 'b', 'c', 'd'], size: 4 });
  await write({ view: 4, from: 1, left: ['a'], then: [[2, 'd', 1]], joined: ['e'], size: 4 });
  expect(await order()).toEqual(['b', 'd', 'c', 'e']);
});

it.each([1, 999, 1000, 1001, 2500])('closes the ranks of %d members below the members that left', async below => {
  const members = Array.from({ length: 5 + below }, (_, index) => `m${index}`);
  await write({ view: 1, from: 'whole', joined: members, size: members.length });
  await write({ view: 3, from: 1, left: ['m2', 'm4'], size: members.length - 2 });
  const stay = members.filter(member => member !== 'm2' && member !== 'm4');
  const ranks = stay.flatMap((member, rank) => [member, String(rank)]);
  expect(await redis.zrange(keys.ranks, '0', '-1', 'WITHSCORES')).toEqual(ranks);
  expect((await redis.hgetall(keys.seats))['#order']).toBe(stay.join(' '));
});

it('replaces the facts and the seat of a member, or only its seat', async () => {
  await write({ view: 1, from: 'whole', joined: ['a', 'b'], size: 2 });
  await write({ view: 2, from: 1, then: [[3, 'a', '{"state":"away"}', '"seat 2"'], [4, 'b', '"seat 3"']], size: 2 }); // prettier-ignore
  expect(await redis.hgetall(keys.members)).toEqual({ a: '{"state":"away"}', b: '{"member":"b"}' });
  expect(await redis.hgetall(keys.seats)).toEqual({ '#order': 'a b', a: '"seat 2"', b: '"seat 3"' });
});

it('keeps the seats of the present members, in order, longer than the other keys', async () => {
  await write({ view: 1, from: 'whole', joined: ['a', 'b', 'c'], size: 3 });
  await write({ view: 3, from: 1, left: ['a'], joined: ['d'], size: 3 });
  const [b, c, d] = ['b', 'c', 'd'].map(seatOf);
  expect(await redis.hgetall(keys.seats)).toEqual({ '#order': 'b c d', b, c, d });
  expect(await redis.pttl(keys.seats)).toBeGreaterThan(SEATS_MS - 5000);
  await write({ view: 6, from: 3, left: ['b', 'c', 'd'], size: 0 });
  expect(await redis.exists(keys.seats)).toBe(0);
});

it.each(['ranks', 'members', 'info', 'seats'] as const)(
  'asks for the whole roster if %s has been deleted',
  async key => {
    await write({ view: 1, from: 'whole', joined: ['a', 'b'], size: 2 });
    await redis.del(keys[key]);
    expect(await write({ view: 2, from: 1, joined: ['c'], size: 3 })).toBe('whole');
  },
);

it.each([
  { fault: 'an older view', late: { view: 8, from: 'whole', joined: ['z'], events: [8], size: 1 } },
  { fault: 'an older view, as changes', late: { view: 8, from: 7, joined: ['z'], events: [8], size: 3 } },
  { fault: 'an older epoch with a larger view', late: { epoch: 4, view: 99, from: 'whole', joined: ['z'], size: 1 } },
] satisfies { fault: string; late: Write }[])('refuses $fault and changes nothing', async ({ late }) => {
  await write({ epoch: 5, view: 9, from: 'whole', joined: ['a', 'b'], events: [9], size: 2 });
  const before = await dump();
  expect(await write({ epoch: 5, ...late })).toBe('stale');
  expect(await dump()).toEqual(before);
});

async function dump(): Promise<unknown[]> {
  const table = await readTable(redis);
  return [table, await readEvents(redis), await redis.get(keys.epoch)];
}

it('accepts a newer epoch with a smaller view', async () => {
  await write({ epoch: 5, view: 9, from: 'whole', joined: ['a', 'b'], size: 2 });
  expect(await write({ epoch: 6, view: 1, from: 'whole', joined: ['z'], size: 1 })).toBe('written');
  expect(await order()).toEqual(['z']);
});

it('renews the keys if the same view is written again, and changes nothing', async () => {
  await write({ view: 3, from: 'whole', joined: ['a', 'b'], events: [1, 2, 3], size: 2 });
  const before = await dump();
  await Promise.all([keys.ranks, keys.members, keys.info, keys.events].map(key => redis.pexpire(key, 1000)));
  expect(await write({ view: 3, from: 3, size: 2 })).toBe('written');
  expect(await dump()).toEqual(before);
  for (const key of [keys.ranks, keys.members, keys.info, keys.events]) {
    expect(await redis.pttl(key)).toBeGreaterThan(10_000);
  }
});

it('adds each event once, though the answer to the first write was lost', async () => {
  await write({ view: 3, from: 'whole', joined: ['a', 'b'], events: [1, 2, 3], size: 2 });
  await write({ view: 4, from: 'whole', joined: ['a', 'b', 'c'], events: [1, 2, 3, 4], size: 3 });
  expect((await readEvents(redis)).map(({ view }) => view)).toEqual(['1', '2', '3', '4']);
});

it('sets an expiry on every key except the epoch', async () => {
  await write({ epoch: 77, view: 1, from: 'whole', joined: ['a'], events: [1], size: 1 });
  for (const key of [keys.ranks, keys.members, keys.info, keys.events]) {
    const ttl = await redis.pttl(key);
    expect(ttl).toBeGreaterThan(0);
    expect(ttl).toBeLessThanOrEqual(15_000);
  }
  expect(await redis.pttl(keys.epoch)).toBe(-1);
});

it('never lowers the last epoch, even if the table of the larger epoch has expired', async () => {
  await redis.set(keys.epoch, '9000');
  expect(await write({ epoch: 5, view: 1, from: 'whole', joined: ['a'], size: 1 })).toBe('written');
  expect(await redis.get(keys.epoch)).toBe('9000');
});

it('keeps about the last 10,000 events', async () => {
  for (let thousand = 0; thousand < 13; thousand += 1) {
    const events = Array.from({ length: 1000 }, (_, index) => thousand * 1000 + index + 1);
    await write({ view: (thousand + 1) * 1000, from: 'whole', joined: ['a'], events, size: 1 });
  }
  const kept = await redis.xlen(keys.events);
  expect(kept).toBeGreaterThanOrEqual(10_000);
  expect(kept).toBeLessThan(10_500);
  expect((await readEvents(redis)).at(-1)?.view).toBe('13000');
});

it('changes nothing if Redis is out of memory', async () => {
  await write({ view: 1, from: 'whole', joined: ['a', 'b'], events: [1], size: 2 });
  const before = await dump();
  await redis.config('SET', 'maxmemory', '1');
  await expect(write({ view: 2, from: 1, left: ['a'], events: [2], size: 1 })).rejects.toThrow(/^OOM/);
  await redis.config('SET', 'maxmemory', '0');
  expect(await dump()).toEqual(before);
});
