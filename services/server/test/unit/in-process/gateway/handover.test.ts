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
  rosterRows,
  TIMINGS,
} from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

/** Longer than the server waits for a peer to close its end. A handover at that time would be too early. */
const SUSPEND_MS = Number(TIMINGS.normal.RANKD_SUSPEND_MS);
/** How late a timer of the server may be, in ms. */
const TIMER_MS = 11;
const ADMIN = 'let me decide';

let server: InProcessServer;

beforeAll(async () => {
  server = await InProcessServer.start({
    ...TIMINGS.normal,
    RANKD_ADMIN_TOKEN: ADMIN,
    RANKD_STALL_MS: '200',
    RANKD_BACKLOG_BYTES_MAX: '262144',
  });
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

/** A leader, two members below it, and an administrator that receives every change. */
interface HandoverGroup {
  readonly group: string;
  readonly leader: Joined;
  readonly deputy: Joined;
  readonly last: Joined;
  readonly admin: RawPeer;
}

/** The leader answers pings and sends nothing else. Resolves after the server has received some pongs. */
async function joinHandoverGroup(hello: object = {}): Promise<HandoverGroup> {
  const group = server.freshGroup();
  const leader = await server.join({ group, name: 'leader', ...hello }, { answersFin: false });
  const [deputy, last] = [await server.join({ group }), await server.join({ group })];
  const { peer: admin } = await server.join({ group, token: ADMIN, role: 'observer' });
  if (!('heartbeat' in hello)) await leader.peer.until(({ type, seen }) => type === 'ping' && Number(seen) > 0);
  while ((await leader.peer.awaitUntakenFrames()).length > 0) await leader.peer.next();
  return { group, leader, deputy, last, admin };
}

/** R-LEAD-3: when a client suspends itself, by the pings that it received and the times of its pongs. */
function leaseEndMs({ peer, helloAtMs, welcome }: Joined): number {
  const seen = peer.frames.findLast(({ type }) => type === 'ping')?.['seen'] ?? 0;
  return (peer.pongsAtMs.get(Number(seen)) ?? helloAtMs) + numberIn(welcome, 'suspendMs');
}

/** Checks that it happened suspendMs after the last pong of the leader, and not before the leader's lease ended. */
function expectAtLeaseEnd(atMs: number, leader: Joined): void {
  const lastPongMs = Math.max(leader.helloAtMs, ...leader.peer.pongsAtMs.values());
  expect(atMs).toBeGreaterThanOrEqual(leaseEndMs(leader));
  expect(atMs).toBeGreaterThanOrEqual(lastPongMs + SUSPEND_MS);
  expect(atMs).toBeLessThanOrEqual(lastPongMs + SUSPEND_MS + TIMER_MS);
}

interface Promotion {
  readonly view: Frame;
  readonly atMs: number;
}

/** The promoted member's view, and the time of the first view with a new leader at any member or observer. */
async function promotion({ deputy, last, admin, leader }: HandoverGroup, promoted: Joined): Promise<Promotion> {
  const view = await promoted.peer.until(
    ({ type, rank }) => type === 'view' && rank === 0,
    10 * SUSPEND_MS,
    'promotion',
  );
  const receivedMs = [deputy.peer, last.peer, admin].flatMap(peer =>
    peer.received.filter(({ frame }) => frame.type === 'view' && isOfAnother(frame, leader)).map(({ atMs }) => atMs),
  );
  return { view, atMs: Math.min(...receivedMs, promoted.peer.recordOf(view).atMs) };
}

function isOfAnother(view: Frame, leader: Joined): boolean {
  return (view['leader'] as { member: string }).member !== leader.id;
}

/** Decisions about rank 0: the name, how to request it, the new leader, and the cause in the view. */
const decisions: readonly (readonly [string, (handover: HandoverGroup) => void, 'deputy' | 'last', object])[] = [
  [
    'a move of the leader',
    ({ admin, leader }) => admin.send({ type: 'admin', id: 'a', action: 'move', member: leader.id, rank: 2 }),
    'deputy',
    { kind: 'moved' },
  ],
  [
    'a move over the leader',
    ({ admin, last }) => admin.send({ type: 'admin', id: 'a', action: 'move', member: last.id, rank: 0 }),
    'last',
    { kind: 'moved' },
  ],
  [
    'a removal of the leader',
    ({ admin, leader }) => admin.send({ type: 'admin', id: 'a', action: 'remove', member: leader.id }),
    'deputy',
    { kind: 'left', reason: 'REMOVED' },
  ],
];

describe('R-LEAD-1 A decision about rank 0 waits until the leader has stopped', () => {
  it.each(decisions)('applies %s when the leader has yielded, not before', async (_, decide, heir, cause) => {
    const all = await joinHandoverGroup();
    decide(all);
    await all.leader.peer.next('yield');
    for (const { peer } of [all.deputy, all.last]) expect(await peer.awaitUntakenFrames()).toEqual([]);
    expect(await all.admin.awaitUntakenFrames()).toEqual([]);
    const yieldedAtMs = server.time.nowMs();
    all.leader.peer.send({ type: 'yielded' });
    const { view, atMs } = await promotion(all, all[heir]);
    expect(view).toMatchObject({ rank: 0, leader: { member: all[heir].id }, cause });
    expect(atMs).toBe(yieldedAtMs);
    expect(await all.admin.next('receipt')).toMatchObject({ id: 'a', accepted: true, view: view['view'] });
  });

  it.each(decisions)(
    'applies %s suspendMs after the last pong of a leader that does not answer',
    async (_, decide, heir) => {
      const all = await joinHandoverGroup();
      decide(all);
      await all.leader.peer.next('yield');
      const { atMs } = await promotion(all, all[heir]);
      expectAtLeaseEnd(atMs, all.leader);
      expect(pingsWhileAsked(all.leader.peer)).toEqual([]);
    },
  );

  it.each<readonly [string, (peer: RawPeer) => void]>([
    ['FIN', peer => peer.fin()],
    ['RST', peer => peer.reset()],
    ['leave', peer => peer.send({ type: 'leave' })],
  ])('is applied at once if the leader answers with its %s', async (how, go) => {
    const all = await joinHandoverGroup();
    at(decisions, 1)[1](all);
    await all.leader.peer.next('yield');
    const wentAtMs = server.time.nowMs();
    go(all.leader.peer);
    const { view, atMs } = await promotion(all, all.last);
    expect(atMs).toBe(wentAtMs);
    expect(view).toMatchObject({ rank: 0, size: 2 });
    expect(await all.admin.next('receipt')).toMatchObject({ accepted: true });
    const reason = how === 'leave' ? 'LEFT' : 'CLOSED';
    const views = all.admin.frames.filter(({ type }) => type === 'view');
    expect(views.flatMap(({ left }) => left)).toMatchObject([{ member: all.leader.id, reason }]);
  });

  it('waits suspendMs from the hello of a leader with heartbeat false', async () => {
    const group = server.freshGroup();
    const { peer: admin } = await server.join({ group, token: ADMIN, role: 'observer' });
    const leader = await server.join({ group, heartbeat: false }, { answersFin: false });
    const [deputy, last] = [await server.join({ group }), await server.join({ group })];
    const all: HandoverGroup = { group, leader, deputy, last, admin };
    at(decisions, 0)[1](all);
    const { atMs } = await promotion(all, deputy);
    expectAtLeaseEnd(atMs, leader);
  });
});

/** The pings between `yield` and the frame on which the leader acts again. */
function pingsWhileAsked(peer: RawPeer): Frame[] {
  const from = peer.frames.findIndex(({ type }) => type === 'yield');
  const until = peer.frames.findIndex(({ type }, index) => index > from && (type === 'view' || type === 'bye'));
  return peer.frames.slice(from, until === -1 ? undefined : until).filter(({ type }) => type === 'ping');
}

/** Frames of the leader for which the server ends its session. */
const offences: readonly (readonly [string, (peer: RawPeer) => void])[] = [
  ['BAD_FRAME', peer => peer.sendRaw('{\n')],
  ['BAD_MESSAGE', peer => peer.send({ type: 'hello' })],
  ['FRAME_TOO_LARGE', peer => peer.sendRaw('x'.repeat(70_000))],
];

describe('R-LEAD-1 A bye to rank 0 promotes a member only when the leader has closed its end, or suspendMs after its last pong', () => {
  it.each(offences)('waits suspendMs for a leader that keeps its end open after %s', async (code, offend) => {
    const all = await joinHandoverGroup();
    offend(all.leader.peer);
    expect(await all.leader.peer.next('bye')).toMatchObject({ code });
    const { view, atMs } = await promotion(all, all.deputy);
    expect(view).toMatchObject({ rank: 0, was: 1, size: 2, cause: { member: all.leader.id, reason: code } });
    expectAtLeaseEnd(atMs, all.leader);
    expect(await all.last.peer.next('view')).toMatchObject({ rank: 1, was: 2 });
  });

  it.each<readonly [string, (peer: RawPeer) => void]>([
    ['FIN', peer => peer.fin()],
    ['RST', peer => peer.reset()],
  ])('promotes the deputy as soon as the leader’s %s arrives', async (_, close) => {
    const all = await joinHandoverGroup();
    all.leader.peer.sendRaw('{\n');
    await all.leader.peer.next('bye');
    expect(await all.deputy.peer.awaitUntakenFrames()).toEqual([]);
    const closedAtMs = server.time.nowMs();
    close(all.leader.peer);
    const { view, atMs } = await promotion(all, all.deputy);
    expect(view).toMatchObject({ cause: { reason: 'BAD_FRAME' } });
    expect(atMs).toBe(closedAtMs);
  });

  it('waits for a leader that reads nothing and is closed with SLOW_CONSUMER', async () => {
    const all = await joinHandoverGroup();
    all.leader.peer.pause();
    const order = {
      type: 'admin',
      action: 'command',
      name: 'go',
      to: { ranks: [0] },
      reply: 'none',
      args: 'x'.repeat(60_000),
    };
    for (let sent = 0; sent < 300; sent += 1) all.admin.send({ ...order, id: `${sent}` });
    const { view, atMs } = await promotion(all, all.deputy);
    expect(view).toMatchObject({ cause: { member: all.leader.id, reason: 'SLOW_CONSUMER' } });
    expectAtLeaseEnd(atMs, all.leader);
  });

  it('admits the old leader as a new member if it resumes, because its new hello proves that it has stopped', async () => {
    const all = await joinHandoverGroup();
    all.leader.peer.sendRaw('{\n');
    await all.leader.peer.next('bye');
    const back = await server.join({ group: all.group, resume: resumeOf(all.leader) });
    expect(back.welcome).toMatchObject({ rank: 2, size: 3, resumed: false, leader: { member: all.deputy.id } });
    expect(await all.deputy.peer.next('view')).toMatchObject({ rank: 0, was: 1 });
  });
});

describe('R-LEAD-2 A leader that yields and keeps its rank receives a view', () => {
  /** Requests a move of the last member to rank 0, which fails because that member then leaves. */
  async function askInVain({ admin, last, leader }: HandoverGroup): Promise<void> {
    admin.send({ type: 'admin', id: 'vain', action: 'move', member: last.id, rank: 0 });
    await leader.peer.next('yield');
    last.peer.send({ type: 'leave' });
    await byeOf(last.peer);
  }

  it('acts again after it, and is pinged again', async () => {
    const all = await joinHandoverGroup();
    await askInVain(all);
    expect(await all.leader.peer.awaitUntakenFrames()).toEqual([]);
    all.leader.peer.send({ type: 'yielded' });
    expect(await all.leader.peer.next()).toMatchObject({
      type: 'view',
      rank: 0,
      was: 0,
      size: 2,
      leader: { name: 'leader' },
    });
    expect(await all.admin.next('receipt')).toMatchObject({ id: 'vain', accepted: false, code: 'NO_SUCH_TARGET' });
    const n = all.leader.peer.frames.findLast(({ type }) => type === 'ping')?.['n'];
    await all.leader.peer.until(({ type, seen }) => type === 'ping' && Number(seen) > Number(n));
    expect(await all.deputy.peer.awaitUntakenFrames()).toEqual([]);
  });

  it('receives it after suspendMs if it does not answer', async () => {
    const all = await joinHandoverGroup();
    await askInVain(all);
    const view = await all.leader.peer.next('view', 10 * SUSPEND_MS);
    expect(view).toMatchObject({ rank: 0, was: 0, changes: 0 });
    expect(await all.deputy.peer.awaitUntakenFrames()).toEqual([]);
  });

  it.each(['size', 'roster'])(
    'receives nothing between yield and the decision, even with updates %s',
    async updates => {
      const all = await joinHandoverGroup({ updates });
      await askInVain(all);
      await server.join({ group: all.group });
      const newest = await server.join({ group: all.group });
      expect(await all.leader.peer.awaitUntakenFrames()).toEqual([]);
      all.leader.peer.send({ type: 'yielded' });
      const view = await all.leader.peer.next('view');
      expect(view).toMatchObject({ rank: 0, was: 0, size: 4, view: newest.welcome['view'] });
      if (updates === 'roster') {
        expect(view).toMatchObject({ reset: true, changes: 3 });
        expect(await rosterRows(all.leader.peer)).toEqual(await rosterOf(all.admin));
      }
      expect(await all.leader.peer.awaitUntakenFrames()).toEqual([]);
    },
  );

  it('receives the whole roster if it no longer leads and has updates roster', async () => {
    const all = await joinHandoverGroup({ updates: 'roster' });
    all.admin.send({ type: 'admin', id: 'a', action: 'move', member: all.leader.id, rank: 1 });
    await all.leader.peer.next('yield');
    const late = await server.join({ group: all.group });
    expect(await all.leader.peer.awaitUntakenFrames()).toEqual([]);
    all.leader.peer.send({ type: 'yielded' });
    const cause = { kind: 'moved', member: all.leader.id };
    expect(await all.leader.peer.next('view')).toMatchObject({
      rank: 1,
      was: 0,
      size: 4,
      changes: 2,
      reset: true,
      cause,
    });
    const rows = await rosterRows(all.leader.peer);
    expect(rows.map(({ member }) => member)).toEqual([all.deputy, all.leader, all.last, late].map(({ id }) => id));
    all.last.peer.send({ type: 'leave' });
    expect(await all.leader.peer.next('view')).toMatchObject({ left: [{ member: all.last.id }], changes: 1 });
  });
});

describe('R-LEAD-1 A leader that acts again must stop again for the next decision', () => {
  it('waits the full time for a second request, independent of the first', async () => {
    const all = await joinHandoverGroup();
    const third = await server.join({ group: all.group });
    all.admin.send({ type: 'admin', id: 'vain', action: 'move', member: third.id, rank: 0 });
    await all.leader.peer.next('yield');
    third.peer.send({ type: 'leave' });
    await byeOf(third.peer);
    all.leader.peer.send({ type: 'yielded' });
    await all.leader.peer.next('view');
    const n = Number(all.leader.peer.frames.findLast(({ type }) => type === 'ping')?.['n']);
    await all.leader.peer.until(({ type, seen }) => type === 'ping' && Number(seen) > n + 3);
    at(decisions, 0)[1](all);
    await all.leader.peer.next('yield');
    const { atMs } = await promotion(all, all.deputy);
    expectAtLeaseEnd(atMs, all.leader);
  });

  it('does not count a late answer to an earlier request', async () => {
    const all = await joinHandoverGroup();
    const third = await server.join({ group: all.group });
    all.admin.send({ type: 'admin', id: 'vain', action: 'move', member: third.id, rank: 0 });
    await all.leader.peer.next('yield');
    third.peer.send({ type: 'leave' });
    await all.leader.peer.next('view', 10 * SUSPEND_MS);
    at(decisions, 0)[1](all);
    await all.leader.peer.next('yield');
    all.leader.peer.send({ type: 'yielded' });
    await all.leader.peer.barrier();
    expect(await all.deputy.peer.awaitUntakenFrames()).toEqual([]);
    const yieldedAtMs = server.time.nowMs();
    all.leader.peer.send({ type: 'yielded' });
    const { atMs } = await promotion(all, all.deputy);
    expect(atMs).toBe(yieldedAtMs);
  });

  it('does not count a `yielded` without a request, or from another member', async () => {
    const all = await joinHandoverGroup();
    all.leader.peer.send({ type: 'yielded' });
    await all.leader.peer.barrier();
    at(decisions, 1)[1](all);
    await all.leader.peer.next('yield');
    all.deputy.peer.send({ type: 'yielded' });
    all.last.peer.send({ type: 'yielded' });
    for (const { peer } of [all.deputy, all.last]) expect(await peer.awaitUntakenFrames()).toEqual([]);
    const { atMs } = await promotion(all, all.last);
    expectAtLeaseEnd(atMs, all.leader);
  });

  it('does not count the close of a session that was REPLACED', async () => {
    const all = await joinHandoverGroup();
    const newer = await server.join({ group: all.group, resume: resumeOf(all.leader) });
    expect(await all.leader.peer.next('bye')).toMatchObject({ code: 'REPLACED' });
    await newer.peer.until(({ type, seen }) => type === 'ping' && Number(seen) > 0);
    await newer.peer.barrier();
    at(decisions, 0)[1](all);
    await newer.peer.next('yield');
    all.leader.peer.fin();
    await server.time.within(5000, 'the older connection to close', all.leader.peer.closed);
    expect(await all.deputy.peer.awaitUntakenFrames()).toEqual([]);
    const { atMs } = await promotion({ ...all, leader: newer }, all.deputy);
    expectAtLeaseEnd(atMs, newer);
  });

  it('asks the new session if the leader resumes in the meantime', async () => {
    const all = await joinHandoverGroup();
    at(decisions, 0)[1](all);
    await all.leader.peer.next('yield');
    const newer = await server.join({ group: all.group, resume: resumeOf(all.leader) });
    expect(newer.welcome).toMatchObject({ rank: 0, resumed: true });
    await newer.peer.next('yield');
    all.leader.peer.send({ type: 'yielded' });
    all.leader.peer.fin();
    expect(await all.deputy.peer.awaitUntakenFrames()).toEqual([]);
    newer.peer.send({ type: 'yielded' });
    expect(await newer.peer.next('view')).toMatchObject({ rank: 2, was: 0 });
    expect(await all.deputy.peer.next('view')).toMatchObject({ rank: 0, was: 1 });
  });
});

describe('R-VIEW-3 One order, also around a yield', () => {
  it('numbers the view after a yield higher than the commands before it', async () => {
    const all = await joinHandoverGroup({ updates: 'roster' });
    all.admin.send({ type: 'admin', id: 'vain', action: 'move', member: all.last.id, rank: 0 });
    await all.leader.peer.next('yield');
    all.last.peer.send({ type: 'leave' });
    await byeOf(all.last.peer);
    all.admin.send({ type: 'admin', id: 'go', action: 'command', name: 'go', reply: 'none' });
    const { seq } = await all.leader.peer.next('command');
    all.leader.peer.send({ type: 'yielded' });
    const view = await all.leader.peer.next('view');
    expect(Number(view['seq'])).toBeGreaterThanOrEqual(Number(seq));
  });

  it('sends an administrator one consistent view if one yield permits several decisions', async () => {
    const all = await joinHandoverGroup();
    all.admin.send(
      { type: 'admin', id: 'a', action: 'move', member: all.last.id, rank: 0 },
      { type: 'admin', id: 'b', action: 'remove', member: all.leader.id },
    );
    await all.leader.peer.next('yield');
    all.leader.peer.send({ type: 'yielded' });
    expect(await all.leader.peer.next('bye')).toMatchObject({ code: 'REMOVED' });
    await server.time.eventually(
      5000,
      'both receipts',
      () => all.admin.untakenFrames.filter(({ type }) => type === 'receipt')[1],
    );
    const said = all.admin.untakenFrames.filter(({ type }) => type === 'view' || type === 'receipt');
    const seqs = said.map(({ seq }) => Number(seq));
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    const views = said.filter(({ type }) => type === 'view');
    expect(views.map(({ view, size }) => [view, size])).toEqual([[5, 2]]);
  });
});
