import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { limits } from '@rankd/protocol';
import { at, byeOf, numberIn, rosterOf, TIMINGS } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const MEMBERS_MAX = 3;
const OBSERVERS_MAX = 4;
const HEARTBEAT_MS = Number(TIMINGS.quick.RANKD_HEARTBEAT_MS);
const DEAD_MS = Number(TIMINGS.quick.RANKD_DEAD_MS);

let server: InProcessServer;

beforeAll(async () => {
  server = await InProcessServer.start({
    RANKD_MEMBERS_MAX: String(MEMBERS_MAX),
    RANKD_OBSERVERS_MAX: String(OBSERVERS_MAX),
    ...TIMINGS.quick,
  });
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

describe('R-JOIN-3 An observer is welcomed without rank, slot and secret', () => {
  const text = expect.stringMatching(/./) as unknown;
  const settings = { heartbeatMs: HEARTBEAT_MS, suspendMs: 400, deadMs: DEAD_MS, frameBytesMax: 65_536 };
  const common = {
    type: 'welcome',
    protocol: 1,
    features: ['resign'],
    server: text,
    member: text,
    resumed: false,
    ...settings,
  };

  it('has the current size and leader of the group', async () => {
    const group = server.freshGroup();
    const members = await server.joinMany(2, group);
    const { welcome } = await server.join({ group, role: 'observer', name: 'eve' });
    const leader = { member: at(members, 0).id, name: 'name-0' };
    const { epoch } = at(members, 0).welcome;
    const facts = { group, name: 'eve', size: 2, membersMax: MEMBERS_MAX, leader, epoch, view: 2, seq: 2 };
    expect(welcome).toEqual({ ...common, ...facts });
  });

  it('may join an empty group, and receives views from its first member to the next epoch', async () => {
    const group = server.freshGroup();
    const { peer: eve, welcome } = await server.join({ group, role: 'observer', name: 'eve' });
    expect(welcome).toEqual({
      ...common,
      group,
      name: 'eve',
      size: 0,
      membersMax: MEMBERS_MAX,
      epoch: numberIn(welcome, 'epoch'),
      view: 0,
      seq: 0,
    });
    expect(await rosterOf(eve)).toEqual([]);
    for (let life = 0; life < 3; life += 1) {
      const { peer, id, welcome: first } = await server.join({ group });
      const { epoch } = first;
      expect(await eve.next('view')).toMatchObject({ epoch, view: 1, size: 1, joined: [{ member: id, rank: 0 }] });
      peer.send({ type: 'leave' });
      expect(await eve.next('view')).toMatchObject({ epoch, view: 2, size: 0, left: [{ member: id }] });
    }
    expect(await eve.awaitUntakenFrames()).toEqual([]);
  });

  it('receives views of both epochs if a group ends and starts again in one flush cycle', async () => {
    const group = server.freshGroup();
    const { peer: eve } = await server.join({ group, role: 'observer' });
    const last = await server.join({ group });
    expect(await eve.next('view')).toMatchObject({ view: 1, size: 1 });
    const first = await server.connect();
    await server.whileStopped(() => {
      last.peer.send({ type: 'leave' });
      first.send({ type: 'hello', group });
    });
    const welcome = await first.next('welcome');
    await eve.barrier();
    const roster = new Set([last.id]);
    for (const view of eve.untakenFrames.filter(({ type }) => type === 'view')) {
      for (const row of view['left'] as { member: string }[]) roster.delete(row.member);
      for (const row of view['joined'] as { member: string }[]) roster.add(row.member);
    }
    const rows = await rosterOf(eve);
    expect([...roster]).toEqual(rows.map(({ member }) => member));
    expect(roster).toContain(welcome['member']);
  });
});

describe('R-JOIN-1 An observer has no rank and is not counted', () => {
  it('takes no seat in a full group and changes no rank', async () => {
    const group = server.freshGroup();
    const eve = await server.join({ group, role: 'observer' });
    const members = await server.joinMany(MEMBERS_MAX, group);
    expect(members.map(({ welcome }) => [welcome['rank'], welcome['slot']])).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
    await server.join({ group, role: 'observer' });
    eve.peer.send({ type: 'leave' });
    expect(await byeOf(eve.peer)).toMatchObject({ code: 'LEFT' });
    for (const { peer } of members) expect(await peer.awaitUntakenFrames()).toEqual([]);
    expect(await rosterOf(at(members, 0).peer)).toHaveLength(MEMBERS_MAX);
  });

  it('is rejected with FULL past RANKD_OBSERVERS_MAX', async () => {
    const group = server.freshGroup();
    for (let count = 0; count < OBSERVERS_MAX; count += 1) await server.join({ group, role: 'observer' });
    const late = await server.connect();
    late.send({ type: 'hello', group, role: 'observer' });
    expect(await byeOf(late)).toMatchObject({ code: 'FULL', retry: true });
  });

  it('is pinged, and times out if it does not answer', async () => {
    const group = server.freshGroup();
    const mute = await server.join({ group, role: 'observer' }, { answersPings: false });
    const bye = await mute.peer.next('bye', DEAD_MS + HEARTBEAT_MS);
    expect(bye).toMatchObject({ code: 'HEARTBEAT_TIMEOUT' });
    expect(mute.peer.recordOf(bye).atMs - mute.helloAtMs).toBeGreaterThanOrEqual(DEAD_MS);
  });

  it.each([
    [
      'a command',
      { type: 'command', id: 'x', name: 'go' },
      { type: 'receipt', id: 'x', accepted: false, code: 'NOT_A_MEMBER' },
    ],
    [
      'an admin message',
      { type: 'admin', id: 'x', action: 'move', member: 'm', rank: 0 },
      { id: 'x', code: 'FORBIDDEN' },
    ],
  ])('R-CMD-3, R-ADMIN-1 is rejected if it sends %s', async (_, message, answer) => {
    const group = server.freshGroup();
    const { peer: member } = await server.join({ group });
    const { peer: eve } = await server.join({ group, role: 'observer' });
    eve.send(message);
    expect(await eve.next('receipt')).toMatchObject(answer);
    expect(await member.awaitUntakenFrames()).toEqual([]);
  });

  it('R-CMD-5 causes nothing with an invented result or yielded', async () => {
    const group = server.freshGroup();
    const members = await server.joinMany(2, group);
    const { peer: eve } = await server.join({ group, role: 'observer' });
    at(members, 0).peer.send({ type: 'command', id: '1', name: 'go' });
    const { seq } = await at(members, 1).peer.next('command');
    eve.send({ type: 'result', seq, status: 'failed' }, { type: 'yielded' });
    await eve.barrier();
    at(members, 1).peer.send({ type: 'result', seq, status: 'done' });
    expect(await at(members, 0).peer.next('outcome')).toMatchObject({ done: 1, failed: 0 });
  });
});

/** What an observer with these updates receives: the leader's rank, the kind of change and the new size. */
const cases: readonly {
  readonly updates: string | undefined;
  readonly expected: readonly { readonly kind: string; readonly size: number; readonly leader: number }[];
}[] = [
  { updates: 'rank', expected: [{ kind: 'left', size: 1, leader: 1 }] },
  ...['size', 'roster', undefined].map(updates => ({
    updates,
    expected: [
      { kind: 'joined', size: 3, leader: 0 },
      { kind: 'left', size: 2, leader: 0 },
      { kind: 'left', size: 1, leader: 1 },
    ],
  })),
];

describe('R-VIEW-2 An observer receives the changes that it asked for', () => {
  it.each(cases)('with updates $updates: the leader, the size or every change', async ({ updates, expected }) => {
    const group = server.freshGroup();
    const members = await server.joinMany(2, group);
    const { peer: eve } = await server.join({ group, role: 'observer', ...(updates === undefined ? {} : { updates }) });
    const late = await server.join({ group });
    await server.time.pass(limits.sizeDelayMsMax + 1);
    for (const peer of [late.peer, at(members, 0).peer]) {
      peer.send({ type: 'leave' });
      await byeOf(peer);
      await server.time.pass(limits.sizeDelayMsMax + 1);
    }
    const views = await eve.awaitUntakenFrames();
    expect(views).toHaveLength(expected.length);
    for (const [index, view] of views.entries()) {
      const { kind, size, leader: rank } = at(expected, index);
      const leader = { member: at(members, rank).id, name: `name-${rank}` };
      expect(view).toMatchObject({ type: 'view', size, leader, cause: { kind } });
      expect(view).not.toHaveProperty('rank');
      expect(view).not.toHaveProperty('was');
      expect('joined' in view).toBe(updates === undefined || updates === 'roster');
    }
  });
});
