import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Joined, type RawPeer, resumeOf, TIMINGS } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const SUSPEND_MS = Number(TIMINGS.normal.RANKD_SUSPEND_MS);
/** This grace period is much shorter than the lease. */
const GRACE_LEADER_MS = 100;
/** How late a timer of the server may be, in ms. */
const TIMER_MS = 11;
const ADMIN = 'let me decide';

type Act = (peer: RawPeer) => void;
type Decide = (all: Group) => void;

const closes: readonly (readonly [string, Act])[] = [
  ['FIN', peer => peer.fin()],
  ['RST', peer => peer.reset()],
];

interface Group {
  readonly group: string;
  readonly leader: Joined;
  readonly deputy: Joined;
  readonly admin: RawPeer;
}

/** The deputy leads after each of them. */
const decisions: readonly (readonly [string, Decide])[] = [
  ['move of the deputy', all => administer(all, { action: 'move', member: all.deputy.id, rank: 0 })],
  ['move of the leader', all => administer(all, { action: 'move', member: all.leader.id, rank: 1 })],
  ['removal of the leader', all => administer(all, { action: 'remove', member: all.leader.id })],
];

function administer({ admin }: Group, action: object): void {
  admin.send({ type: 'admin', id: 'a', ...action });
}

let server: InProcessServer;

const settings = {
  ...TIMINGS.normal,
  RANKD_ADMIN_TOKEN: ADMIN,
  RANKD_MEMBERS_MAX: '2',
  RANKD_WAITLIST_MAX: '1',
  RANKD_STALL_MS: '200',
  RANKD_BACKLOG_BYTES_MAX: '262144',
  RANKD_GRACE_LEADER_MS: String(GRACE_LEADER_MS),
};

beforeAll(async () => {
  server = await InProcessServer.start(settings);
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

/** Resolves after the server has received some pongs of the leader. */
async function joinGroup(): Promise<Group> {
  const group = server.freshGroup();
  const leader = await server.join({ group, name: 'leader' }, { answersFin: false });
  const deputy = await server.join({ group });
  const { peer: admin } = await server.join({ group, token: ADMIN, role: 'observer' });
  await leader.peer.until(({ type, seen }) => type === 'ping' && Number(seen) > 0);
  await leader.peer.barrier();
  return { group, leader, deputy, admin };
}

/** Returns when the deputy received rank 0. */
async function promotedAtMs({ deputy }: Group): Promise<number> {
  const view = await deputy.peer.until(({ type, rank }) => type === 'view' && rank === 0, 10 * SUSPEND_MS);
  return deputy.peer.recordOf(view).atMs;
}

/** Checks that the deputy was promoted suspendMs after the leader's last pong. */
async function expectPromotionAtLeaseEnd(all: Group, leader = all.leader): Promise<void> {
  const atMs = await promotedAtMs(all);
  const lastPongMs = Math.max(leader.helloAtMs, ...leader.peer.pongsAtMs.values());
  expect(atMs).toBeGreaterThanOrEqual(lastPongMs + SUSPEND_MS);
  expect(atMs).toBeLessThanOrEqual(lastPongMs + SUSPEND_MS + TIMER_MS);
}

const bothOf = decisions.flatMap(([what, decide]) => closes.map(([how, close]) => [what, how, decide, close] as const));

describe('R-LEAD-1 With RANKD_GRACE_LEADER_MS, the close of the leader’s connection does not prove that it has stopped', () => {
  it.each(closes)('keeps rank 0 until suspendMs after the last pong, after a %s', async (_, close) => {
    const all = await joinGroup();
    close(all.leader.peer);
    await expectPromotionAtLeaseEnd(all);
  });

  it.each(bothOf)('holds a %s 0.3 s after a %s', async (_what, _how, decide, close) => {
    const all = await joinGroup();
    close(all.leader.peer);
    await server.time.pass(300);
    decide(all);
    await expectPromotionAtLeaseEnd(all);
    expect(await all.admin.next('receipt')).toMatchObject({ id: 'a', accepted: true });
  });

  it.each(bothOf)('holds a %s if the leader answers yield with its %s', async (_what, _how, decide, close) => {
    const all = await joinGroup();
    decide(all);
    await all.leader.peer.next('yield');
    close(all.leader.peer);
    await expectPromotionAtLeaseEnd(all);
    expect(await all.admin.next('receipt')).toMatchObject({ id: 'a', accepted: true });
  });

  it.each(closes)('waits after a bye to the leader, even if its %s arrives', async (_, close) => {
    const all = await joinGroup();
    all.leader.peer.sendRaw('{\n');
    expect(await all.leader.peer.next('bye')).toMatchObject({ code: 'BAD_FRAME' });
    close(all.leader.peer);
    await expectPromotionAtLeaseEnd(all);
  });

  it('waits after SLOW_CONSUMER, even if the RST of the leader arrives', async () => {
    const all = await joinGroup();
    all.leader.peer.pause();
    const command = { type: 'admin', action: 'command', name: 'go', to: { ranks: [0] }, reply: 'none' };
    for (let sent = 0; sent < 100; sent += 1) all.admin.send({ ...command, id: `${sent}`, args: 'x'.repeat(60_000) });
    const { cause } = await all.admin.until(
      ({ type, away, left }) => type === 'view' && (away ?? left) !== undefined,
      10 * SUSPEND_MS,
    );
    expect(cause).toMatchObject({ reason: 'SLOW_CONSUMER' });
    await expectPromotionAtLeaseEnd(all);
  });

  it('keeps the seat of the only leader of a full group from a waiting session', async () => {
    const all = await joinGroup();
    const waiting = await server.connect();
    waiting.send({ type: 'hello', group: all.group });
    await waiting.next('waiting');
    all.leader.peer.fin();
    const welcome = await waiting.next('welcome', 10 * SUSPEND_MS);
    const lastPongMs = Math.max(...all.leader.peer.pongsAtMs.values());
    expect(waiting.recordOf(welcome).atMs).toBeGreaterThanOrEqual(lastPongMs + SUSPEND_MS);
    expect(welcome).toMatchObject({ rank: 1, leader: { member: all.deputy.id } });
  });

  it('asks the new session of a leader that resumes, and its close proves nothing either', async () => {
    const all = await joinGroup();
    all.leader.peer.fin();
    await server.time.pass(300);
    decisions[0]?.[1](all);
    const leader = await server.join({ group: all.group, resume: resumeOf(all.leader) });
    expect(leader.welcome).toMatchObject({ rank: 0, resumed: true });
    await leader.peer.next('yield');
    leader.peer.reset();
    await expectPromotionAtLeaseEnd(all, leader);
  });
});

describe('R-LEAD-1 With RANKD_GRACE_LEADER_MS, what the leader itself says is a proof', () => {
  it('promotes at once after `leave`', async () => {
    const all = await joinGroup();
    const leftAtMs = server.time.nowMs();
    all.leader.peer.send({ type: 'leave' });
    expect(await promotedAtMs(all)).toBe(leftAtMs);
  });

  it.each(decisions)('carries out a %s at once after `yielded`', async (_, decide) => {
    const all = await joinGroup();
    decide(all);
    await all.leader.peer.next('yield');
    const yieldedAtMs = server.time.nowMs();
    all.leader.peer.send({ type: 'yielded' });
    expect(await promotedAtMs(all)).toBe(yieldedAtMs);
  });

  it('promotes at once after HEARTBEAT_TIMEOUT and the grace period, because the lease has ended before', async () => {
    const group = server.freshGroup();
    const { peer: leader } = await server.join({ group }, { answersPings: false });
    const { peer: deputy } = await server.join({ group });
    const bye = await leader.next('bye', 10 * SUSPEND_MS);
    expect(bye).toMatchObject({ code: 'HEARTBEAT_TIMEOUT' });
    const view = await deputy.until(({ type, rank }) => type === 'view' && rank === 0, 10 * SUSPEND_MS);
    expect(deputy.recordOf(view).atMs - leader.recordOf(bye).atMs).toBeLessThanOrEqual(GRACE_LEADER_MS + TIMER_MS);
  });

  it('holds no removal of a subordinate whose connection has closed', async () => {
    const all = await joinGroup();
    all.deputy.peer.fin();
    const { cause } = await all.admin.until(({ type, left }) => type === 'view' && left !== undefined);
    expect(cause).toMatchObject({ member: all.deputy.id, reason: 'CLOSED' });
  });
});
