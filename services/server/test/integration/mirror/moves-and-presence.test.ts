import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { at, eventually, type Joined } from '@rankd/testkit';
import type { Redis } from 'ioredis';
import { type Admin, MirrorFixture, rosterOf, type Server, untilMirrored } from './mirror-fixture.js';
import { readEvents } from './mirror-table.js';

jest.setTimeout(30_000);

/** The mirror is complete this long after Redis is back, also on a busy machine. */
const RETURN_MS = 2000 + 1500;

let fixture: MirrorFixture;
let server: Server;
let reader: Redis;
let redis: Awaited<ReturnType<MirrorFixture['redis']>>;

beforeAll(async () => {
  ({ fixture, redis, reader, server } = await MirrorFixture.open({
    RANKD_ADMIN_TOKEN: 'admin',
    RANKD_GRACE_MS: '60000',
  }));
});
afterAll(() => fixture.dispose());

/** A reference implementation of `move`. */
function moveIn(order: Joined[], from: number, to: number): string {
  const [moved] = order.splice(from, 1);
  if (moved === undefined) throw new Error(`no member has rank ${from}`);
  order.splice(to, 0, moved);
  return moved.id;
}

async function expectOrder(order: readonly Joined[], group: string, deadlineMs?: number): Promise<void> {
  const table = await untilMirrored(reader, server, order.length, { group, ...(deadlineMs && { deadlineMs }) });
  expect(table.order).toEqual(order.map(({ id: member }) => member));
}

it.each([
  [5, 1],
  [1, 5],
  [2, 3],
  [3, 2],
  [4, 4],
])('a move from rank %d to rank %d closes the ranks around it', async (from, to) => {
  const group = fixture.freshGroup();
  const order = await fixture.joinInTurn(server, 6, { group });
  const admin = await fixture.admin(server, group);
  await untilMirrored(reader, server, 6, { group });
  expect(await admin({ action: 'move', member: moveIn(order, from, to), rank: to })).toMatchObject({ accepted: true });
  await expectOrder(order, group);
});

it('a move to rank 0, once the leader has yielded, is an event with the rank', async () => {
  const group = fixture.freshGroup();
  const order = await fixture.joinInTurn(server, 4, { group, name: 'x' });
  const leader = at(order, 0);
  const admin = await fixture.admin(server, group);
  const member = moveIn(order, 2, 0);
  const receipt = admin({ action: 'move', member, rank: 0 });
  await leader.peer.next('yield');
  leader.peer.send({ type: 'yielded' });
  expect(await receipt).toMatchObject({ accepted: true });
  await expectOrder(order, group);
  expect((await readEvents(reader, group)).at(-1)).toMatchObject({ kind: 'moved', member, rank: '0', size: '4' });
});

it('several moves, departures and joins in one write result in the same order as the roster', async () => {
  const group = fixture.freshGroup();
  const order = await fixture.joinInTurn(server, 30, { group });
  const admin = await fixture.admin(server, group);
  await untilMirrored(reader, server, 30, { group });
  await redis.childProcess.stop();
  for (const [leaving, from, to] of [
    [3, 20, 2],
    [25, 1, 24],
    [1, 10, 9],
    [7, 5, 20],
    [12, 22, 1],
  ] as const) {
    const [gone] = order.splice(leaving, 1);
    gone?.peer.send({ type: 'leave' });
    await gone?.peer.closed;
    await admin({ action: 'move', member: moveIn(order, from, to), rank: to });
    order.push(await fixture.join(server, { group }));
  }
  redis.childProcess.kill('SIGCONT');
  await expectOrder(order, group, RETURN_MS);
  const views = (await readEvents(reader, group)).map(({ view }) => Number(view));
  expect(views).toEqual(Array.from({ length: 30 + 15 }, (_, index) => index + 1));
});

it('after random churn the mirror equals the roster, and every change is in the stream once', async () => {
  const group = fixture.freshGroup();
  const order = await fixture.joinInTurn(server, 20, { group });
  const admin = await fixture.admin(server, group);
  const random = randomFrom(7);
  for (let step = 0; step < 300; step += 1) await change(order, admin, group, random);
  await expectOrder(order, group);
  const { view } = await rosterOf(server, group);
  const views = (await readEvents(reader, group)).map(event => Number(event.view));
  expect(views).toEqual(Array.from({ length: view }, (_, index) => index + 1));
});

/** Below the leader, because the leader would have to yield each time. */
async function change(order: Joined[], admin: Admin, group: string, random: () => number): Promise<void> {
  const below = (): number => 1 + Math.floor(random() * (order.length - 1));
  const what = random();
  if (what < 0.25 || order.length < 5) order.push(await fixture.join(server, { group }));
  else if (what < 0.5) {
    const [gone] = order.splice(below(), 1);
    gone?.peer.send({ type: 'leave' });
    await gone?.peer.closed;
  } else {
    const [from, to] = [below(), below()];
    await admin({ action: 'move', member: moveIn(order, from, to), rank: to });
  }
}

/** Mulberry32: the same numbers in each run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

it('a member that lost its connection is away with the same rank, and present when it has resumed', async () => {
  const group = fixture.freshGroup();
  const order = await fixture.joinInTurn(server, 3, { group });
  const { peer, id: member, welcome } = at(order, 1);
  const stateIn = async (state: string): Promise<unknown> => {
    const table = await untilMirroredState(group, member, state);
    expect(table.order).toEqual(order.map(joined => joined.id));
    return table.members[member];
  };
  expect(await stateIn('present')).toMatchObject({ slot: 1 });
  peer.reset();
  expect(await stateIn('away')).toMatchObject({ slot: 1 });
  const again = await fixture.join(server, { group, resume: { member, secret: welcome['resume'] } });
  expect(again.welcome).toMatchObject({ resumed: true, member, rank: 1, slot: 1 });
  expect(await stateIn('present')).toMatchObject({ slot: 1 });
  const kinds = (await readEvents(reader, group)).map(event => `${event.kind} ${event['rank'] ?? ''}`);
  expect(kinds).toEqual(['joined 0', 'joined 1', 'joined 2', 'away 1', 'resumed 1']);
});

async function untilMirroredState(group: string, member: string, state: string): ReturnType<typeof untilMirrored> {
  await eventually(2000, `${member} ${state}`, async () => {
    const { members } = await rosterOf(server, group);
    return (members[member] as { state?: string } | undefined)?.state === state ? true : undefined;
  });
  return await untilMirrored(reader, server, 3, { group });
}
