import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  at,
  byeOf,
  type Frame,
  type Joined,
  numberIn,
  type RawPeer,
  resumeOf,
  rosterOf,
  TIMINGS,
} from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const GRACE_MS = 5000;
const GRACE_LEADER_MS = 2000;
/** How late a timer of the server may be, in ms. */
const TIMER_MS = 10;
const DEAD_MS = Number(TIMINGS.quick.RANKD_DEAD_MS);
const HEARTBEAT_MS = Number(TIMINGS.quick.RANKD_HEARTBEAT_MS);
const ADMIN = 'let me decide';

let server: InProcessServer;

beforeAll(async () => {
  server = await InProcessServer.start({
    ...TIMINGS.quick,
    RANKD_GRACE_MS: String(GRACE_MS),
    RANKD_GRACE_LEADER_MS: String(GRACE_LEADER_MS),
    RANKD_MEMBERS_MAX: '3',
    RANKD_ADMIN_TOKEN: ADMIN,
  });
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

/** A member that has gone away, and `peer`, which receives every change. */
async function away(gone: Joined, peer: RawPeer): Promise<number> {
  gone.peer.destroy();
  const view = await peer.until(({ type, cause }) => type === 'view' && (cause as Frame)['kind'] === 'away');
  expect(view).toMatchObject({ changes: 1, cause: { member: gone.id, reason: 'CLOSED' } });
  expect(view['away']).toMatchObject([{ member: gone.id }]);
  return peer.recordOf(view).atMs;
}

/** A group with an observer that receives every change. */
async function watched(count: number): Promise<{ group: string; members: Joined[]; eve: RawPeer }> {
  const group = server.freshGroup();
  const members = await server.joinMany(count, group);
  const { peer: eve } = await server.join({ group, role: 'observer' });
  return { group, members, eve };
}

describe('R-JOIN-6 The right secret gives the seat back', () => {
  it('gives an away member the same id, rank and slot, and a new secret', async () => {
    const { group, members, eve } = await watched(3);
    const gone = at(members, 1);
    await away(gone, eve);
    const back = await server.join({ group, resume: resumeOf(gone) });
    const place = { member: gone.id, name: 'name-1', rank: 1, size: 3, slot: 1, resumed: true, view: 5, seq: 5 };
    expect(back.welcome).toMatchObject({ ...place, leader: { member: at(members, 0).id } });
    expect(back.welcome['resume']).not.toBe(gone.welcome['resume']);
    expect(await eve.next('view')).toMatchObject({
      view: 5,
      size: 3,
      cause: { kind: 'resumed', member: gone.id },
      resumed: [{ member: gone.id, rank: 1 }],
      away: [],
      joined: [],
      left: [],
    });
    for (const { peer } of [at(members, 0), at(members, 2)]) expect(await peer.awaitUntakenFrames()).toEqual([]);
    expect(await rosterOf(eve)).toMatchObject([
      { rank: 0 },
      { member: gone.id, rank: 1, state: 'present' },
      { rank: 2 },
    ]);
  });

  it('sends the rank to which the member moved up while it was away, also rank 0', async () => {
    const { group, members, eve } = await watched(3);
    const gone = at(members, 2);
    await away(gone, eve);
    for (const { peer } of members.slice(0, 2)) {
      peer.send({ type: 'leave' });
      await byeOf(peer);
    }
    const back = await server.join({ group, resume: resumeOf(gone) });
    expect(back.welcome).toMatchObject({ rank: 0, size: 1, slot: 2, leader: { member: gone.id }, resumed: true });
  });

  it('sends rank 0 the view in which it became leader, so that its fencing token is newer than the last leader’s', async () => {
    const { group, members, eve } = await watched(2);
    const [first, deputy] = [at(members, 0), at(members, 1)];
    expect([first.welcome['fence'], deputy.welcome['fence']]).toEqual([
      { epoch: first.welcome['epoch'], view: 1 },
      undefined,
    ]);
    await away(first, eve);
    const again = await server.join({ group, resume: resumeOf(first) });
    expect(again.welcome['fence']).toEqual(first.welcome['fence']);
    await away(again, eve);
    const { peer: admin } = await server.join({ group, token: ADMIN, role: 'observer', updates: 'size' });
    admin.send({ type: 'admin', id: 'down', action: 'move', member: first.id, rank: 1 });
    const led = await deputy.peer.until(({ type, rank }) => type === 'view' && rank === 0);
    admin.send({ type: 'admin', id: 'up', action: 'move', member: first.id, rank: 0 });
    await deputy.peer.next('yield');
    deputy.peer.send({ type: 'yielded' });
    const back = await deputy.peer.until(({ type, rank }) => type === 'view' && rank === 1);
    expect(numberIn(back, 'view')).toBeGreaterThan(numberIn(led, 'view'));
    const last = await server.join({ group, resume: resumeOf(again) });
    expect(last.welcome).toMatchObject({ rank: 0, resumed: true, fence: { epoch: led['epoch'], view: back['view'] } });
  });

  it('keeps the seat of an away member: a full group stays full', async () => {
    const { group, members, eve } = await watched(3);
    await away(at(members, 2), eve);
    const late = await server.connect();
    late.send({ type: 'hello', group });
    expect(await byeOf(late)).toMatchObject({ code: 'FULL' });
    expect((await server.join({ group, resume: resumeOf(at(members, 2)) })).welcome).toMatchObject({ rank: 2 });
  });

  it('gives it to a later session while the older one is open, sends that one REPLACED, and sends no view', async () => {
    const { group, members, eve } = await watched(3);
    const [older, others] = [at(members, 0), members.slice(1)];
    const newer = await server.join({ group, resume: resumeOf(older) });
    expect(newer.welcome).toMatchObject({ member: older.id, rank: 0, slot: 0, resumed: true, view: 3, seq: 3 });
    expect(await byeOf(older.peer)).toMatchObject({ code: 'REPLACED', retry: false });
    expect(await eve.awaitUntakenFrames()).toEqual([]);
    for (const { peer } of others) expect(await peer.awaitUntakenFrames()).toEqual([]);
    newer.peer.send({ type: 'command', id: '1', name: 'go', reply: 'none' });
    expect(await newer.peer.next('receipt')).toMatchObject({ accepted: true, recipients: 2 });
  });

  it('accepts the earlier secret until the first further frame, even if several welcomes are lost', async () => {
    const { group, members, eve } = await watched(3);
    const first = at(members, 1);
    await away(first, eve);
    let last: Joined = first;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      // The peer answers no ping, because a pong is a further frame.
      last = { ...(await server.join({ group, resume: resumeOf(first) }, { answersPings: false })) };
      expect(last.welcome).toMatchObject({ member: first.id, rank: 1, resumed: true });
    }
    await last.peer.barrier();
    const stranger = await server.connect();
    stranger.send({ type: 'hello', group, resume: resumeOf(first) });
    expect(await byeOf(stranger)).toMatchObject({ code: 'FULL' });
    const again = await server.join({ group, resume: resumeOf(last) });
    expect(again.welcome).toMatchObject({ member: first.id, rank: 1, resumed: true });
  });

  it.each<readonly [string, (seat: { member: string; secret: string }) => object]>([
    ['a wrong secret', ({ member }) => ({ member, secret: 'wrong' })],
    ['an unknown member', ({ secret }) => ({ member: 'm0000000000000000', secret })],
  ])('admits a peer with %s as a new member, last', async (_, claim) => {
    const { group, members, eve } = await watched(2);
    await away(at(members, 0), eve);
    const { welcome, id } = await server.join({ group, resume: claim(resumeOf(at(members, 0))) });
    expect(welcome).toMatchObject({ rank: 2, size: 3, slot: 2, resumed: false });
    expect(id).not.toBe(at(members, 0).id);
  });

  it('rejects the secret of another member, and one of another group', async () => {
    const [one, other] = [await watched(2), await watched(1)];
    const { secret } = resumeOf(at(one.members, 1));
    const swapped = { member: at(one.members, 0).id, secret };
    expect((await server.join({ group: one.group, resume: swapped })).welcome).toMatchObject({
      rank: 2,
      resumed: false,
    });
    const abroad = await server.join({ group: other.group, resume: resumeOf(at(one.members, 0)) });
    expect(abroad.welcome).toMatchObject({ rank: 1, resumed: false });
    expect(await at(one.members, 0).peer.awaitUntakenFrames()).toEqual([]);
  });

  it('admits a peer that resumes too late as a new member, last', async () => {
    const { group, members, eve } = await watched(3);
    await away(at(members, 1), eve);
    expect(await eve.next('view', 10 * GRACE_MS)).toMatchObject({ cause: { kind: 'left', reason: 'GRACE_ENDED' } });
    const late = await server.join({ group, resume: resumeOf(at(members, 1)) });
    expect(late.welcome).toMatchObject({ rank: 2, slot: 1, resumed: false });
    expect(late.id).not.toBe(at(members, 1).id);
  });
});

describe('R-VIEW-4 With a grace period a lost member is away first', () => {
  it.each([
    ['a member', 1, GRACE_MS],
    ['the leader', 0, GRACE_LEADER_MS],
  ])('keeps the place of %s until its own grace period ends, and no longer', async (_, rank, graceMs) => {
    const { members, eve } = await watched(3);
    const gone = at(members, rank);
    const awayAtMs = await away(gone, eve);
    const below = at(members, rank + 1).peer;
    const view = await below.next('view', graceMs + HEARTBEAT_MS);
    expect(view).toMatchObject({ rank, was: rank + 1, size: 2, cause: { member: gone.id, reason: 'GRACE_ENDED' } });
    const tookMs = below.recordOf(view).atMs - awayAtMs;
    expect(tookMs).toBeGreaterThanOrEqual(graceMs);
    expect(tookMs).toBeLessThanOrEqual(graceMs + TIMER_MS);
    expect(await at(members, 2).peer.awaitUntakenFrames()).toHaveLength(rank === 0 ? 1 : 0);
  });

  it('counts the grace period of an away member that becomes leader from when it went away', async () => {
    const { members, eve } = await watched(3);
    const awayAtMs = await away(at(members, 1), eve);
    at(members, 0).peer.send({ type: 'leave' });
    const last = at(members, 2).peer;
    expect(await last.next('view')).toMatchObject({ rank: 1, leader: { member: at(members, 1).id } });
    const view = await last.next('view', GRACE_LEADER_MS + HEARTBEAT_MS);
    expect(view).toMatchObject({ rank: 0, size: 1, cause: { reason: 'GRACE_ENDED' } });
    expect(last.recordOf(view).atMs - awayAtMs).toBeGreaterThanOrEqual(GRACE_LEADER_MS);
  });

  it.each<readonly [string, string, (peer: RawPeer) => void]>([
    ['leave', 'LEFT', peer => peer.send({ type: 'leave' })],
    ['BAD_FRAME', 'BAD_FRAME', peer => peer.sendRaw('{\n')],
  ])('gives none to a member that leaves by %s', async (_, reason, go) => {
    const { members, eve } = await watched(2);
    go(at(members, 1).peer);
    expect(await eve.next('view')).toMatchObject({
      size: 1,
      cause: { kind: 'left', member: at(members, 1).id, reason },
    });
  });

  it('gives one to a silent member, after its bye', async () => {
    const group = server.freshGroup();
    await server.join({ group });
    const mute = await server.join({ group }, { answersPings: false });
    const { peer: eve } = await server.join({ group, role: 'observer' });
    expect(await mute.peer.next('bye', DEAD_MS + HEARTBEAT_MS)).toMatchObject({ code: 'HEARTBEAT_TIMEOUT' });
    const cause = { kind: 'away', member: mute.id, reason: 'HEARTBEAT_TIMEOUT' };
    expect(await eve.next('view')).toMatchObject({ cause, size: 2, away: [{ member: mute.id, rank: 1 }] });
    const back = await server.join({ group, resume: resumeOf(mute) });
    expect(back.welcome).toMatchObject({ member: mute.id, rank: 1, resumed: true });
  });
});

describe('R-CMD-9 A command is delivered at most once, and R-CMD-8 may be answered after resuming', () => {
  it.each(['while away', 'while the older session is open'])(
    'delivers nothing again to a member that resumes %s',
    async how => {
      const { group, members, eve } = await watched(2);
      const [leader, recipient] = [at(members, 0), at(members, 1)];
      leader.peer.send({ type: 'command', id: '1', name: 'go' });
      const { seq } = await recipient.peer.next('command');
      if (how === 'while away') await away(recipient, eve);
      const back = await server.join({ group, resume: resumeOf(recipient) });
      expect(await back.peer.awaitUntakenFrames()).toEqual([]);
      expect(await leader.peer.awaitUntakenFrames()).toMatchObject([{ type: 'receipt' }]);
      back.peer.send({ type: 'result', seq, status: 'done', value: 7 });
      expect(await leader.peer.next('outcome')).toMatchObject({ id: '1', seq, recipients: 1, done: 1 });
      back.peer.send({ type: 'result', seq, status: 'done' });
      expect(await back.peer.next('error')).toMatchObject({ code: 'LATE_RESULT', seq });
    },
  );

  it('accepts a result from the new session only', async () => {
    const { group, members } = await watched(2);
    at(members, 0).peer.send({ type: 'command', id: '1', name: 'go' });
    const { seq } = await at(members, 1).peer.next('command');
    const newer = await server.connect();
    await server.whileStopped(() => {
      newer.send({ type: 'hello', group, resume: resumeOf(at(members, 1)) });
      at(members, 1).peer.send({ type: 'ping' });
    });
    expect(await newer.next('welcome')).toMatchObject({ resumed: true });
    at(members, 1).peer.send({ type: 'result', seq, status: 'failed' });
    newer.send({ type: 'result', seq, status: 'done' });
    expect(await at(members, 0).peer.next('outcome')).toMatchObject({ done: 1, failed: 0 });
  });

  it('R-CMD-6 ends as left if the grace period ends first, and as expired if the deadline is first', async () => {
    const { members, eve } = await watched(3);
    const [leader, gone] = [at(members, 0).peer, at(members, 2)];
    leader.send({ type: 'command', id: 'left', name: 'go', to: { ranks: [2] }, deadlineMs: 20_000 });
    leader.send({ type: 'command', id: 'expired', name: 'go', to: { ranks: [2] }, deadlineMs: GRACE_MS / 4 });
    await gone.peer.next('command');
    await away(gone, eve);
    expect(await leader.next('outcome')).toMatchObject({ id: 'expired', expired: 1 });
    expect(await leader.next('outcome', 10 * GRACE_MS)).toMatchObject({ id: 'left', left: 1 });
  });

  it('R-CMD-8 drops the results for a sender that went away, even if it resumes', async () => {
    const { group, members, eve } = await watched(3);
    const [sender, recipient] = [at(members, 1), at(members, 2)];
    sender.peer.send({ type: 'command', id: '1', name: 'go', reply: 'each' });
    const { seq } = await recipient.peer.next('command');
    await away(sender, eve);
    recipient.peer.send({ type: 'result', seq, status: 'done' });
    expect(await recipient.peer.awaitUntakenFrames()).toEqual([]);
    const back = await server.join({ group, resume: resumeOf(sender) });
    expect(await back.peer.awaitUntakenFrames()).toEqual([]);
    back.peer.send({ type: 'command', id: '1', name: 'go', reply: 'none' });
    expect(await back.peer.next('receipt')).toMatchObject({ id: '1', accepted: true });
    const outcome = await server.event('command.outcome', fields => fields['member'] === sender.id);
    expect(outcome).toMatchObject({ seq, done: 1 });
  });
});

describe('R-CMD-2 Away members are refused one by one with AWAY', () => {
  it.each([
    ['below', undefined],
    ['all', 'all'],
    ['ranks', { ranks: [1, 2] }],
    ['names', { names: ['name-1', 'name-2'] }],
  ])('reaches the present members of %s', async (_, to) => {
    const { members, eve } = await watched(3);
    await away(at(members, 1), eve);
    const leader = at(members, 0).peer;
    leader.send({ type: 'command', id: '1', name: 'go', ...(to === undefined ? {} : { to }) });
    const refused = [{ member: at(members, 1).id, rank: 1, name: 'name-1', code: 'AWAY' }];
    expect(await leader.next('receipt')).toMatchObject({ accepted: true, recipients: 1, refused, refusedCount: 1 });
    expect(await at(members, 2).peer.next('command')).toMatchObject({ name: 'go' });
  });

  it('R-CMD-3 sends AWAY if all targets are away, and OUTRANKED if a superior was among them', async () => {
    const { members, eve } = await watched(3);
    await away(at(members, 2), eve);
    const peer = at(members, 1).peer;
    peer.send({ type: 'command', id: '1', name: 'go' });
    expect(await peer.next('receipt')).toMatchObject({ accepted: false, code: 'AWAY', refusedCount: 1 });
    peer.send({ type: 'command', id: '2', name: 'go', to: { ranks: [0, 2] } });
    expect(await peer.next('receipt')).toMatchObject({ accepted: false, code: 'OUTRANKED', refusedCount: 2 });
  });
});

describe('R-VIEW-4 A member that is lost before it has read its commands', () => {
  it('R-CMD-9 does not receive them again, and they end at their deadline', async () => {
    const { group, members, eve } = await watched(2);
    const [leader, gone] = [at(members, 0).peer, at(members, 1)];
    gone.peer.pause();
    leader.send({ type: 'command', id: '1', name: 'go', deadlineMs: 300 });
    const receipt = await leader.next('receipt');
    gone.peer.reset();
    await eve.next('view');
    const back = await server.join({ group, resume: resumeOf(gone) });
    expect(await leader.next('outcome')).toMatchObject({ seq: receipt['seq'], expired: 1 });
    expect(await back.peer.awaitUntakenFrames()).toEqual([]);
    const resumed = await server.time.eventually(1000, 'the view', () =>
      eve.untakenFrames.find(({ type }) => type === 'view'),
    );
    expect(numberIn(resumed, 'view')).toBe(4);
  });
});
