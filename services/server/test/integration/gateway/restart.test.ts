import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  at,
  byeOf,
  eventually,
  type Frame,
  freePort,
  type Joined,
  type LaunchedRedis,
  launchRedis,
  MACHINE_MS,
  numberIn,
  ProcessServer,
  type RawPeer,
  resumeOf,
  rosterOf,
  TIMINGS,
} from '@rankd/testkit';
import { Redis } from 'ioredis';

jest.setTimeout(30_000);

/** Tests run at the same time, so a window is ten times as long as the steps of a test in it. */
const REFORM_MS = 2000;
const SUSPEND_MS = Number(TIMINGS.normal.RANKD_SUSPEND_MS);
/** For tests that do not wait until the window ends. */
const LONG_REFORM = { ...TIMINGS.patient, RANKD_REFORM_MS: '60000' };
const ADMIN = 'let me decide';

let redis: LaunchedRedis;
const launched: ProcessServer[] = [];
/** Tests that wait for no window share a restart. Each has a group of its own. */
let longReforms: Record<'SIGKILL' | 'SIGTERM', LongReform>;
let prefixes = 0;

beforeAll(async () => {
  redis = await launchRedis();
  const [afterSigkill, afterSigterm] = await Promise.all([afterKill(), afterDrain()]);
  longReforms = { SIGKILL: afterSigkill, SIGTERM: afterSigterm };
});
afterAll(async () => {
  await Promise.all(launched.splice(0).map(server => server.dispose()));
  await redis.dispose();
});

type Env = Readonly<Record<string, string>>;

/** The settings of one server before and after a restart: same port, same keys. */
async function settingsOf(env: Env = {}): Promise<Env> {
  prefixes += 1;
  const prefix = `restart-${prefixes}`;
  return {
    ...TIMINGS.normal,
    RANKD_PORT: String(await freePort()),
    RANKD_REDIS_URL: redis.url,
    RANKD_REDIS_PREFIX: prefix,
    RANKD_ADMIN_TOKEN: ADMIN,
    RANKD_REFORM_MS: String(REFORM_MS),
    ...env,
  };
}

async function launch(env: Env): Promise<ProcessServer> {
  const server = await ProcessServer.launch(env);
  launched.push(server);
  return server;
}

interface Restarted {
  readonly server: ProcessServer;
  /** No window of the server begins before this time. */
  readonly launchedAtMs: number;
  /** Every window of the server has begun by this time, however slow its start was. */
  readonly listeningAtMs: number;
}

/** Ends a server by `end`, and starts its successor. */
async function restart(before: ProcessServer, settings: Env, end: () => void | Promise<void>): Promise<Restarted> {
  await end();
  await before.exited(10_000);
  const launchedAtMs = performance.now();
  const server = await launch(settings);
  return { server, launchedAtMs, listeningAtMs: performance.now() };
}

/** Kills a server with members, after Redis has their order, and starts its successor. */
async function killed(count: number, env: Env = {}): Promise<Restarted & { members: Joined[] }> {
  const settings = await settingsOf(env);
  const before = await launch(settings);
  const members = await joinMany(before, settings, count);
  return { members, ...(await restart(before, settings, () => before.childProcess.kill('SIGKILL'))) };
}

/** Joins members of ranks 0 to `count` - 1, and waits until the mirror has them. */
async function joinMany(server: ProcessServer, settings: Env, count: number, group = 'default'): Promise<Joined[]> {
  const members = await server.joinMany(count, group, rank => ({ tags: { n: String(rank) } }));
  await mirrored(settings, count, group);
  return members;
}

/** Waits until the mirror has this view. */
async function mirrored(settings: Env, view: number, group: string): Promise<void> {
  const reader = new Redis(redis.url);
  const info = `${settings['RANKD_REDIS_PREFIX'] ?? ''}:{${group}}:info`;
  await eventually(10_000, `view ${view} in the mirror`, async () => {
    return Number(await reader.hget(info, 'view')) >= view ? true : undefined;
  }).finally(() => reader.disconnect());
}

async function observer(server: ProcessServer, group = 'default'): Promise<RawPeer> {
  return (await server.join({ group, role: 'observer', token: ADMIN })).peer;
}

/** Members of two groups that resume after the restart of their server. */
interface LongReform {
  readonly server: ProcessServer;
  /** Members of the group `kept`, by rank. */
  readonly kept: Joined[];
  /** Members of another group, by rank. */
  readonly others: Joined[];
}

/** In `others`, the second member has resumed, and `others` has its newer session. */
async function afterKill(): Promise<LongReform> {
  const settings = await settingsOf({ ...LONG_REFORM, RANKD_GRACE_MS: '60000' });
  const before = await launch(settings);
  const kept = await joinMany(before, settings, 4, 'kept');
  const [first, second] = [await before.join({ group: 'others' }), await before.join({ group: 'others' })];
  second.peer.destroy();
  await before.event('member.away');
  const newer = await before.join({ group: 'others', resume: resumeOf(second) });
  expect(newer.welcome).toMatchObject({ member: second.id, resumed: true });
  await newer.peer.barrier();
  // This change comes after the new secret. When the mirror has the change, it also has the secret.
  const last = await before.join({ group: 'others' });
  await mirrored(settings, 5, 'others');
  const { server } = await restart(before, settings, () => before.childProcess.kill('SIGKILL'));
  return { server, kept, others: [first, newer, last] };
}

/** In `others`, the last member leaves while the server drains. */
async function afterDrain(): Promise<LongReform> {
  const settings = await settingsOf({ ...LONG_REFORM, RANKD_DRAIN_MS: '10000' });
  const before = await launch(settings);
  const kept = await joinMany(before, settings, 4, 'kept');
  const others = await before.joinMany(3, 'others');
  at(others, 0).peer.send({ type: 'command', id: '1', name: 'go', to: { ranks: [1] } });
  const { seq } = await at(others, 1).peer.next('command');
  const { server } = await restart(before, settings, async () => {
    before.requestStop();
    await before.childProcess.event('draining');
    at(others, 2).peer.destroy();
    at(others, 1).peer.send({ type: 'result', seq, status: 'done' });
    expect(await byeOf(at(others, 0).peer)).toMatchObject({ code: 'DRAINING' });
  });
  return { server, kept, others };
}

describe('R-VIEW-6 After a restart all members of the last order are away', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'keeps the places of members that resume after %s, in any order',
    async how => {
      const { server, kept: members } = longReforms[how];
      const rows = await rosterOf(await observer(server, 'kept'));
      expect(rows).toMatchObject(
        members.map(({ id }, rank) => ({ member: id, rank, slot: rank, state: 'away', tags: { n: String(rank) } })),
      );
      for (const rank of [2, 0, 3, 1]) {
        const member = at(members, rank);
        const { welcome } = await server.join({ group: 'kept', resume: resumeOf(member) });
        expect(welcome).toMatchObject({
          member: member.id,
          rank,
          slot: rank,
          size: 4,
          resumed: true,
          name: `name-${rank}`,
        });
        expect(numberIn(welcome, 'epoch')).toBeGreaterThan(numberIn(member.welcome, 'epoch'));
      }
      expect(await rosterOf(await observer(server, 'kept'))).toMatchObject(
        members.map(({ id }) => ({ member: id, state: 'present' })),
      );
    },
  );

  it.concurrent('ranks newcomers last, and removes members that are away when RANKD_REFORM_MS ends', async () => {
    const { members, server, launchedAtMs, listeningAtMs } = await killed(4);
    const eve = await observer(server);
    const back = await server.join({ resume: resumeOf(at(members, 0)) });
    const newcomer = await server.join({ name: 'new' });
    expect(newcomer.welcome).toMatchObject({ rank: 4, slot: 4, size: 5, resumed: false });
    const third = await server.join({ resume: resumeOf(at(members, 2)) });
    expect(third.welcome).toMatchObject({ resumed: true });
    const view = await newcomer.peer.next('view', REFORM_MS + MACHINE_MS);
    const { atMs } = newcomer.peer.recordOf(view);
    expect(atMs).toBeGreaterThanOrEqual(launchedAtMs + REFORM_MS);
    expect(atMs).toBeLessThan(listeningAtMs + REFORM_MS + MACHINE_MS);
    const order = [back, third, newcomer].map(({ id }) => id);
    await eventually(5000, 'both to leave', () => {
      const left = eve.untakenFrames.flatMap(frame => (frame['left'] ?? []) as Frame[]);
      return left.length === 2 ? left : undefined;
    });
    const left = eve.untakenFrames.flatMap(frame => (frame['left'] ?? []) as Frame[]);
    expect(left).toMatchObject([1, 3].map(rank => ({ member: at(members, rank).id, reason: 'GRACE_ENDED' })));
    expect((await rosterOf(eve)).map(({ member }) => member)).toEqual(order);
    const late = await server.join({ resume: resumeOf(at(members, 1)) });
    expect(late.welcome).toMatchObject({ rank: 3, slot: 1, resumed: false });
  });

  it('R-JOIN-6 accepts a member’s latest secret, and admits a member with a wrong one last', async () => {
    const { server, others } = longReforms.SIGKILL;
    const [first, newer] = [at(others, 0), at(others, 1)];
    const back = await server.join({ group: 'others', resume: resumeOf(newer) });
    expect(back.welcome).toMatchObject({ member: newer.id, rank: 1, resumed: true });
    const stranger = await server.join({ group: 'others', resume: { member: first.id, secret: 'wrong' } });
    expect(stranger.welcome).toMatchObject({ rank: 3, resumed: false });
  });

  it('R-BYE-2 keeps the order in the mirror although members left while it drained', async () => {
    const { server, others } = longReforms.SIGTERM;
    for (const rank of [2, 1, 0]) {
      const { welcome } = await server.join({ group: 'others', resume: resumeOf(at(others, rank)) });
      expect(welcome).toMatchObject({ member: at(others, rank).id, rank, resumed: true });
    }
  });
});

describe('R-LEAD-1 After a restart the last leader keeps rank 0', () => {
  it.concurrent.each([
    ['RANKD_REFORM_MS', REFORM_MS],
    ['RANKD_SUSPEND_MS, which is longer,', SUSPEND_MS / 2],
  ])('until %s has passed, even if other members have resumed', async (_, reformMs) => {
    const { members, server, launchedAtMs, listeningAtMs } = await killed(3, {
      RANKD_REFORM_MS: String(reformMs),
    });
    const deputy = await server.join({ resume: resumeOf(at(members, 1)), updates: 'roster' });
    expect(deputy.welcome).toMatchObject({ rank: 1, leader: { member: at(members, 0).id } });
    const view = await deputy.peer.until(({ type, rank }) => type === 'view' && rank === 0, 10_000);
    expect(view).toMatchObject({ was: 1, cause: { member: at(members, 0).id, reason: 'GRACE_ENDED' } });
    const { atMs } = deputy.peer.recordOf(view);
    expect(atMs).toBeGreaterThanOrEqual(launchedAtMs + Math.max(reformMs, SUSPEND_MS));
    expect(atMs).toBeLessThan(listeningAtMs + Math.max(reformMs, SUSPEND_MS) + MACHINE_MS);
  });

  it.concurrent.each(['move', 'remove'])(
    "also after an administrator's %s, until RANKD_SUSPEND_MS has passed",
    async action => {
      const { members, server, launchedAtMs, listeningAtMs } = await killed(2, {
        RANKD_REFORM_MS: '20000',
      });
      const deputy = await server.join({ resume: resumeOf(at(members, 1)) });
      const admin = await observer(server);
      admin.send({ type: 'admin', id: 'a', action, member: at(members, 0).id, rank: 1 });
      const view = await deputy.peer.next('view', 12_000);
      expect(view).toMatchObject({ rank: 0, was: 1 });
      const { atMs } = deputy.peer.recordOf(view);
      expect(atMs).toBeGreaterThanOrEqual(launchedAtMs + SUSPEND_MS);
      expect(atMs).toBeLessThan(listeningAtMs + SUSPEND_MS + MACHINE_MS);
      expect(await admin.next('receipt')).toMatchObject({ accepted: true });
    },
  );

  it('and leads at once when it resumes', async () => {
    const { server, others } = longReforms.SIGKILL;
    const leader = await server.join({ group: 'others', resume: resumeOf(at(others, 0)) });
    expect(leader.welcome).toMatchObject({ rank: 0, leader: { member: at(others, 0).id }, resumed: true });
    const deputy = await server.join({ group: 'others', resume: resumeOf(at(others, 2)) });
    leader.peer.send({ type: 'command', id: '1', name: 'go' });
    expect(await deputy.peer.next('command')).toMatchObject({ from: { rank: 0 } });
  });
});
