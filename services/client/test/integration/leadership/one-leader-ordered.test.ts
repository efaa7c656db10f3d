import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ChaosProxy, type Frame, type LaunchedServer } from '@rankd/testkit';
import { Administrator } from '../administrator.js';
import { Duel, nowNs } from './two-leader-probe.js';
import { Fleet } from '../fleet.js';

const HEARTBEAT_MS = 150;
const SUSPEND_MS = 600;
const STALL_MS = 300;
/** For more than the operating system keeps to be sent. */
const FLOOD_MS = 1000;
const ROUNDS = 3;

const fleet = new Fleet();
let server: LaunchedServer;
let duel: Duel;
let admin: Administrator;
/** How the leader and the deputy are connected. What a leader is told comes late: by then the deputy may know. */
let proxies: [ChaosProxy, ChaosProxy];
const LATE_MS = 50;

beforeAll(async () => {
  server = await fleet.server({
    RANKD_HEARTBEAT_MS: String(HEARTBEAT_MS),
    RANKD_SUSPEND_MS: String(SUSPEND_MS),
    RANKD_DEAD_MS: '6000',
    RANKD_STALL_MS: String(STALL_MS),
    RANKD_BACKLOG_BYTES_MAX: String(16 * 1024 * 1024),
    RANKD_ADMIN_TOKEN: 'admin',
  });
});
afterAll(() => fleet.dispose());

/** Who was the deputy leads, and hears late from now on. */
function exchangeProxies(): void {
  proxies.reverse();
  proxies[0].pace('toClient', { delayMs: LATE_MS });
  proxies[1].pace('toClient', {});
}

async function swap(): Promise<void> {
  exchangeProxies();
  await duel.swap();
}

async function renew(): Promise<void> {
  exchangeProxies();
  await duel.renew(proxies[1].port);
}

describe('a leader whose place is taken never acts once its deputy has been told that it leads', () => {
  beforeEach(async () => {
    duel = new Duel(fleet.newGroup());
    proxies = [await ChaosProxy.open(server.port), await ChaosProxy.open(server.port)];
    proxies[0].pace('toClient', { delayMs: LATE_MS });
    await duel.begin(proxies[0].port, proxies[1].port);
    admin = await Administrator.of(duel.group, server.port);
  });
  afterEach(async () => {
    admin.leave();
    await duel.dispose();
    for (const proxy of proxies) await proxy.dispose();
  });

  it('R-LEAD-1 R-LEAD-2 where it is moved: its work has ended before that of the new leader begins', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const sinceNs = nowNs();
      await admin.move(1, 0);
      const toldNs = await duel.takesOver(sinceNs, HEARTBEAT_MS + LATE_MS);
      await duel.leader.turnsOn();
      duel.expectNoActAfter(toldNs);
      const stopped = await duel.leader.told(({ event }) => event === 'stopped', 'end of its work', sinceNs);
      const begun = await duel.deputy.told(({ event }) => event === 'lead', 'work of the new leader', sinceNs);
      expect(stopped.atNs).toBeLessThan(begun.atNs);
      await swap();
    }
  });

  it('R-LEAD-1 where it is moved while it is stopped, and continued', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const sinceNs = nowNs();
      duel.leader.program.kill('SIGSTOP');
      await admin.move(1, 0);
      const toldNs = await duel.takesOver(sinceNs, SUSPEND_MS);
      duel.leader.program.kill('SIGCONT');
      await duel.leader.told(({ rank }) => rank === 1, 'rank 1', toldNs);
      await duel.leader.turnsOn();
      duel.expectNoActAfter(toldNs);
      await swap();
    }
  });

  it('R-LEAD-1 where it is removed', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const sinceNs = nowNs();
      await admin.remove(0);
      const toldNs = await duel.takesOver(sinceNs, HEARTBEAT_MS + LATE_MS);
      await duel.leader.told(({ event, code }) => event === 'closed' && code === 'REMOVED', 'removal', sinceNs);
      await duel.leader.program.exited;
      duel.expectNoActAfter(toldNs);
      await renew();
    }
  });

  it.each<[string, NodeJS.Signals]>([
    ['R-VIEW-4 where it is killed', 'SIGKILL'],
    ['R-VIEW-5 where it says goodbye', 'SIGTERM'],
  ])('%s', async (_what, signal) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const sinceNs = nowNs();
      duel.leader.program.kill(signal);
      const toldNs = await duel.takesOver(sinceNs, HEARTBEAT_MS + LATE_MS);
      await duel.leader.program.exited;
      duel.expectNoActAfter(toldNs);
      await renew();
    }
  });
});

/** More than the operating system keeps for a process that does not read. */
function flood({ peer }: Administrator, member: string): void {
  const args = 'x'.repeat(60_000);
  for (let id = 0; id < 400; id += 1) {
    const aim = { to: { members: [member] }, deadlineMs: 60_000, reply: 'none' };
    peer.send({ type: 'admin', action: 'command', id: `f${id}`, name: 'swallow', args, ...aim });
  }
}

describe('a leader that reads no more never acts once its deputy has been told that it leads', () => {
  beforeEach(async () => {
    duel = new Duel(fleet.newGroup());
    await duel.begin(server.port);
    admin = await Administrator.of(duel.group, server.port);
  });
  afterEach(async () => {
    admin.leave();
    await duel.dispose();
  });

  it('R-LEAD-1 R-FLOW-1 where it is put out as a slow consumer', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const flooder = await Administrator.of(duel.group, server.port);
      await duel.leader.getsStuck();
      const sinceNs = nowNs();
      flood(flooder, await admin.memberAt(0));
      const left = admin.peer.until(({ type, cause }) => type === 'view' && (cause as Frame)['kind'] === 'left');
      const toldNs = await duel.takesOver(sinceNs, FLOOD_MS + STALL_MS + SUSPEND_MS);
      expect((await left)['cause']).toMatchObject({ reason: 'SLOW_CONSUMER' });
      duel.leader.release();
      await duel.leader.joined(1, toldNs);
      await duel.leader.turnsOn();
      duel.expectNoActAfter(toldNs);
      flooder.leave();
      await duel.swap();
    }
  });
});
