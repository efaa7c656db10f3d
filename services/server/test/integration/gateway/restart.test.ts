import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
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
} from '@rankd/testkit';
import { Redis } from 'ioredis';

jest.setTimeout(30_000);

const REFORM_MS = 1200;
/** For tests that do not wait for its end. */
const LONG_REFORM = { RANKD_REFORM_MS: '60000' };
const SUSPEND_MS = 600;
const ADMIN = 'let me decide';

let redis: LaunchedRedis;
const launched: ProcessServer[] = [];
let prefixes = 0;

beforeAll(async () => {
  redis = await launchRedis();
});
afterEach(async () => {
  await Promise.all(launched.splice(0).map(server => server.dispose()));
});
afterAll(() => redis.dispose());

type Env = Readonly<Record<string, string>>;

/** The settings of one server over its lives: same port, same keys. */
async function settingsOf(env: Env = {}): Promise<Env> {
  prefixes += 1;
  return {
    RANKD_PORT: String(await freePort()),
    RANKD_REDIS_URL: redis.url,
    RANKD_REDIS_PREFIX: `restart-${prefixes}`,
    RANKD_ADMIN_TOKEN: ADMIN,
    RANKD_HEARTBEAT_MS: '100',
    RANKD_SUSPEND_MS: String(SUSPEND_MS),
    RANKD_DEAD_MS: '900',
    RANKD_REFORM_MS: String(REFORM_MS),
    ...env,
  };
}

async function launch(env: Env): Promise<ProcessServer> {
  const server = await ProcessServer.launch(env);
  launched.push(server);
  return server;
}

/** A server that was ended with members in it, once Redis has their order, and the one that comes after it. */
async function restarted(
  count: number,
  how: 'SIGKILL' | 'SIGTERM',
  env: Env = {},
): Promise<{ members: Joined[]; server: ProcessServer; startedAtMs: number }> {
  const settings = await settingsOf(env);
  const before = await launch(settings);
  const members = await before.joinMany(count, 'default', rank => ({ tags: { n: String(rank) } }));
  await mirrored(settings['RANKD_REDIS_PREFIX'] ?? '', count);
  before.program.kill(how);
  await before.exited(10_000);
  await Promise.all(members.map(({ peer }) => peer.closed));
  const launchedAtMs = performance.now();
  const server = await launch(settings);
  return { members, server, startedAtMs: launchedAtMs };
}

/** Until the mirror holds the view of the last who joined. */
async function mirrored(prefix: string, view: number): Promise<void> {
  const reader = new Redis(redis.url);
  await eventually(10_000, `view ${view} in the mirror`, async () => {
    const keys = await reader.keys(`${prefix}*`);
    for (const key of keys.filter(name => !name.includes('server'))) {
      if ((await reader.type(key)) !== 'hash') continue;
      const fields = await reader.hgetall(key);
      if (Number(fields['view']) >= view) return true;
    }
    return undefined;
  }).finally(() => reader.disconnect());
}

async function observer(server: ProcessServer): Promise<RawPeer> {
  return (await server.join({ role: 'observer', token: ADMIN })).peer;
}

describe('R-VIEW-6 After a restart the last order stands again, away', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'keeps every place for those who resume after %s, in any order',
    async how => {
      const { members, server } = await restarted(4, how, LONG_REFORM);
      const rows = await rosterOf(await observer(server));
      expect(rows).toMatchObject(
        members.map(({ id }, rank) => ({ member: id, rank, slot: rank, state: 'away', tags: { n: String(rank) } })),
      );
      for (const rank of [2, 0, 3, 1]) {
        const member = at(members, rank);
        const { welcome } = await server.join({ resume: resumeOf(member) });
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
      expect(await rosterOf(await observer(server))).toMatchObject(
        members.map(({ id }) => ({ member: id, state: 'present' })),
      );
    },
  );

  it('puts newcomers behind, and lets go those who do not come back when RANKD_REFORM_MS ends', async () => {
    const { members, server, startedAtMs } = await restarted(4, 'SIGKILL');
    const eve = await observer(server);
    const back = await server.join({ resume: resumeOf(at(members, 0)) });
    const newcomer = await server.join({ name: 'new' });
    expect(newcomer.welcome).toMatchObject({ rank: 4, slot: 4, size: 5, resumed: false });
    const third = await server.join({ resume: resumeOf(at(members, 2)) });
    expect(third.welcome).toMatchObject({ resumed: true });
    const view = await newcomer.peer.next('view', REFORM_MS + MACHINE_MS);
    const tookMs = newcomer.peer.recordOf(view).atMs - startedAtMs;
    expect(tookMs).toBeGreaterThanOrEqual(REFORM_MS);
    expect(tookMs).toBeLessThan(REFORM_MS + 2 * MACHINE_MS);
    const order = [back, third, newcomer].map(({ id }) => id);
    await eventually(5000, 'both to leave', () => {
      const left = eve.rest.flatMap(frame => (frame['left'] ?? []) as Frame[]);
      return left.length === 2 ? left : undefined;
    });
    const left = eve.rest.flatMap(frame => (frame['left'] ?? []) as Frame[]);
    expect(left).toMatchObject([1, 3].map(rank => ({ member: at(members, rank).id, reason: 'GRACE_ENDED' })));
    expect((await rosterOf(eve)).map(({ member }) => member)).toEqual(order);
    const late = await server.join({ resume: resumeOf(at(members, 1)) });
    expect(late.welcome).toMatchObject({ rank: 3, slot: 1, resumed: false });
  });

  it('R-JOIN-6 takes the secret that a member got last, and lets a wrong one join last', async () => {
    const settings = await settingsOf({ RANKD_GRACE_MS: '60000', ...LONG_REFORM });
    const before = await launch(settings);
    const [first, second] = [await before.join(), await before.join()];
    second.peer.destroy();
    const newer = await before.join({ resume: resumeOf(second) });
    expect(newer.welcome).toMatchObject({ member: second.id, resumed: true });
    await newer.peer.barrier();
    // A change that comes after it: once this is in the mirror, so is the new secret.
    await before.join();
    await mirrored(settings['RANKD_REDIS_PREFIX'] ?? '', 5);
    before.program.kill('SIGKILL');
    await before.exited(5000);
    const server = await launch(settings);
    const back = await server.join({ resume: resumeOf(newer) });
    expect(back.welcome).toMatchObject({ member: second.id, rank: 1, resumed: true });
    const stranger = await server.join({ resume: { member: first.id, secret: 'wrong' } });
    expect(stranger.welcome).toMatchObject({ rank: 3, resumed: false });
  });

  it('R-BYE-2 leaves the order in the mirror though members went while it drained', async () => {
    const settings = await settingsOf({ RANKD_DRAIN_MS: '10000', ...LONG_REFORM });
    const before = await launch(settings);
    const members = await before.joinMany(3, 'default');
    at(members, 0).peer.send({ type: 'command', id: '1', name: 'go', to: { ranks: [1] } });
    const { seq } = await at(members, 1).peer.next('command');
    before.program.kill('SIGTERM');
    await before.program.event('draining');
    at(members, 2).peer.destroy();
    at(members, 1).peer.send({ type: 'result', seq, status: 'done' });
    expect(await byeOf(at(members, 0).peer)).toMatchObject({ code: 'DRAINING' });
    await before.exited(10_000);
    const server = await launch(settings);
    for (const rank of [2, 1, 0]) {
      const { welcome } = await server.join({ resume: resumeOf(at(members, rank)) });
      expect(welcome).toMatchObject({ member: at(members, rank).id, rank, resumed: true });
    }
  });
});

describe("R-LEAD-1 After a restart rank 0 stays its last holder's", () => {
  it.each([
    ['RANKD_REFORM_MS', 1200, 600, 900],
    ['RANKD_SUSPEND_MS, which is longer,', 300, 1200, 1300],
  ])('until %s has passed, whoever else has resumed', async (_, reformMs, suspendMs, deadMs) => {
    const { members, server, startedAtMs } = await restarted(3, 'SIGKILL', {
      RANKD_REFORM_MS: String(reformMs),
      RANKD_SUSPEND_MS: String(suspendMs),
      RANKD_DEAD_MS: String(deadMs),
    });
    const deputy = await server.join({ resume: resumeOf(at(members, 1)), updates: 'roster' });
    expect(deputy.welcome).toMatchObject({ rank: 1, leader: { member: at(members, 0).id } });
    const view = await deputy.peer.until(({ type, rank }) => type === 'view' && rank === 0, 10_000);
    expect(view).toMatchObject({ was: 1, cause: { member: at(members, 0).id, reason: 'GRACE_ENDED' } });
    const tookMs = deputy.peer.recordOf(view).atMs - startedAtMs;
    expect(tookMs).toBeGreaterThanOrEqual(Math.max(reformMs, suspendMs));
    expect(tookMs).toBeLessThan(Math.max(reformMs, suspendMs) + 5 * MACHINE_MS);
  });

  it.each(['move', 'remove'])("also from an administrator's %s, until RANKD_SUSPEND_MS has passed", async action => {
    const { members, server, startedAtMs } = await restarted(2, 'SIGKILL', {
      RANKD_REFORM_MS: '20000',
      RANKD_SUSPEND_MS: '1200',
      RANKD_DEAD_MS: '1300',
    });
    const deputy = await server.join({ resume: resumeOf(at(members, 1)) });
    const admin = await observer(server);
    admin.send({ type: 'admin', id: 'a', action, member: at(members, 0).id, rank: 1 });
    const view = await deputy.peer.next('view', 12_000);
    expect(view).toMatchObject({ rank: 0, was: 1 });
    expect(deputy.peer.recordOf(view).atMs - startedAtMs).toBeGreaterThanOrEqual(1200);
    expect(deputy.peer.recordOf(view).atMs - startedAtMs).toBeLessThan(1200 + 2 * MACHINE_MS);
    expect(await admin.next('receipt')).toMatchObject({ accepted: true });
  });

  it('is his at once who resumes it', async () => {
    const { members, server } = await restarted(2, 'SIGKILL', LONG_REFORM);
    const leader = await server.join({ resume: resumeOf(at(members, 0)) });
    expect(leader.welcome).toMatchObject({ rank: 0, leader: { member: at(members, 0).id }, resumed: true });
    const deputy = await server.join({ resume: resumeOf(at(members, 1)) });
    leader.peer.send({ type: 'command', id: '1', name: 'go' });
    expect(await deputy.peer.next('command')).toMatchObject({ from: { rank: 0 } });
  });
});
