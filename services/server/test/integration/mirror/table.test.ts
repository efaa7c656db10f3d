import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { at, eventually, type Joined } from '@rankd/testkit';
import type { Redis } from 'ioredis';
import { MirrorFixture, rosterOf, type Server, untilMirrored } from './mirror-fixture.js';
import { readEvents, readTable, readTableByScript } from './mirror-table.js';

jest.setTimeout(30_000);

let fixture: MirrorFixture;
let server: Server;
let reader: Redis;

beforeAll(async () => {
  ({ fixture, reader, server } = await MirrorFixture.open());
});
afterAll(() => fixture.dispose());

it('the first member alone is in the mirror, with all its fields of the roster', async () => {
  const group = fixture.freshGroup();
  const { id: member } = await fixture.join(server, { group, name: 'ann', tags: { zone: 'a' } });
  const table = await untilMirrored(reader, server, 1, { group });
  expect(table.order).toEqual([member]);
  expect(table.members[member]).toMatchObject({ member, name: 'ann', slot: 0, tags: { zone: 'a' }, state: 'present' });
  expect(table.members[member]).not.toHaveProperty('rank');
});

it('info names the server, the epoch, the view, the size, the maximum and the time', async () => {
  const group = fixture.freshGroup();
  const { welcome } = await fixture.join(server, { group });
  await untilMirrored(reader, server, 1, { group });
  const info = await reader.hgetall(`rankd:{${group}}:info`);
  expect(info).toEqual({
    server: welcome['server'],
    epoch: String(welcome['epoch']),
    view: '1',
    size: '1',
    membersMax: '1000',
    updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });
  expect(await reader.get(`rankd:{${group}}:epoch`)).toBe(String(welcome['epoch']));
});

it('members that join at the same time are all in the mirror, in the order of their ranks', async () => {
  const group = fixture.freshGroup();
  const joined = await fixture.joinMany(server, 150, { group });
  const table = await untilMirrored(reader, server, 150, { group });
  const byRank = [...joined].sort((a, b) => Number(a.welcome['rank']) - Number(b.welcome['rank']));
  expect(table.order).toEqual(byRank.map(({ id: member }) => member));
});

it('departures at the top, in the middle, at the end and of many at once close the ranks', async () => {
  const group = fixture.freshGroup();
  const joined = await fixture.joinInTurn(server, 40, { group });
  const go = async (ranks: readonly number[]): Promise<void> => {
    const leaving = ranks.map(rank => at(joined, rank));
    for (const one of leaving) joined.splice(joined.indexOf(one), 1);
    for (const { peer } of leaving) peer.destroy();
    const table = await untilMirrored(reader, server, joined.length, { group });
    expect(table.order).toEqual(joined.map(({ id: member }) => member));
  };
  await go([0]);
  await go([17]);
  await go([-1]);
  await go([0, 1, 2, 5, 9, 14, 20, 21, 22, -1]);
});

it('every rank change is an event, in order and once, with the member, the reason and the number of members', async () => {
  const group = fixture.freshGroup();
  const ann = await fixture.join(server, { group, name: 'ann' });
  const bob = await fixture.join(server, { group, name: 'bob' });
  ann.peer.send({ type: 'leave' });
  await untilMirrored(reader, server, 1, { group });
  const epoch = String(ann.welcome['epoch']);
  const at = expect.stringMatching(/Z$/);
  expect(await readEvents(reader, group)).toEqual([
    {
      epoch,
      view: '1',
      seq: '1',
      at,
      kind: 'joined',
      member: ann.id,
      name: 'ann',
      rank: '0',
      reason: '',
      size: '1',
    },
    {
      epoch,
      view: '2',
      seq: '2',
      at,
      kind: 'joined',
      member: bob.id,
      name: 'bob',
      rank: '1',
      reason: '',
      size: '2',
    },
    {
      epoch,
      view: '3',
      seq: '3',
      at,
      kind: 'left',
      member: ann.id,
      name: 'ann',
      rank: '0',
      reason: 'LEFT',
      size: '1',
    },
  ]);
});

it('two groups have separate keys', async () => {
  const [one, two] = [fixture.freshGroup(), fixture.freshGroup()];
  const [inOne] = await Promise.all([
    fixture.joinMany(server, 3, { group: one }),
    fixture.joinMany(server, 5, { group: two }),
  ]);
  at(inOne, 1).peer.destroy();
  const first = await untilMirrored(reader, server, 2, { group: one });
  const second = await untilMirrored(reader, server, 5, { group: two });
  expect(first.order.filter(member => second.order.includes(member))).toEqual([]);
});

it('a group that all members have left is empty, and has a larger epoch when it is used again', async () => {
  const group = fixture.freshGroup();
  const { peer, welcome } = await fixture.join(server, { group });
  await untilMirrored(reader, server, 1, { group });
  peer.destroy();
  await untilEmpty(group);
  const again = await fixture.join(server, { group });
  expect(again.welcome['epoch']).toBeGreaterThan(Number(welcome['epoch']));
  await untilMirrored(reader, server, 1, { group });
  expect((await readEvents(reader, group)).map(({ view, kind }) => `${kind} ${view}`)).toEqual([
    'joined 1',
    'left 2',
    'joined 1',
  ]);
});

async function untilEmpty(group: string): Promise<void> {
  await eventually(2000, 'an empty table', async () => {
    const table = await readTable(reader, group);
    return table?.size === 0 ? table : undefined;
  });
}

it('a deleted key is written again with the next change', async () => {
  const group = fixture.freshGroup();
  await fixture.joinMany(server, 5, { group });
  await untilMirrored(reader, server, 5, { group });
  await reader.del(`rankd:{${group}}:ranks`);
  await fixture.join(server, { group });
  // Until then the table is incomplete.
  await eventually(2000, 'the key to be back', async () => (await reader.zcard(`rankd:{${group}}:ranks`)) || undefined);
  await untilMirrored(reader, server, 6, { group });
});

it('readers never see parts of two views while members join and leave', async () => {
  let churning = true;
  const views = new Set<number>();
  const reading = [readTable, readTableByScript].map(async read => {
    const own = fixture.reader(`redis://127.0.0.1:${reader.options.port ?? 0}`);
    while (churning) {
      const table = await read(own);
      if (table === undefined) continue;
      views.add(table.view);
      if ('lastEventView' in table) expect(table.lastEventView).toBe(table.view);
    }
  });
  await churn(400);
  churning = false;
  await Promise.all(reading);
  expect(views.size).toBeGreaterThan(20);
  const roster = await rosterOf(server);
  await untilMirrored(reader, server, roster.size);
});

/** Alternates a join with a departure at a pseudo-random rank, in a group of about 50. */
async function churn(changes: number): Promise<void> {
  const present: Joined[] = await fixture.joinMany(server, 50);
  for (let change = 0; change < changes; change += 1) {
    if (change % 2 === 0) present.push(await fixture.join(server));
    else present.splice((change * 7919) % present.length, 1).forEach(({ peer }) => peer.destroy());
  }
  await eventually(2000, 'all members that left to be removed', async () =>
    (await rosterOf(server)).size === present.length ? present : undefined,
  );
}
