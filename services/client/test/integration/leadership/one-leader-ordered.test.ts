import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ChaosProxy, type Frame, type LaunchedServer, RawPeer } from '@rankd/testkit';
import { Administrator } from '../../unit/in-process/administrator.js';
import { Duel, nowNs } from './two-leader-probe.js';
import { Fleet } from '../fleet.js';

/**
 * These tests use signals and kernel buffers. unit/in-process/leadership has more cases, which are checked after every step of a
 * manual clock.
 */
const HEARTBEAT_MS = 150;
const SUSPEND_MS = 600;
const STALL_MS = 300;
/** Time enough to send more than the operating system buffers, ms. */
const FLOOD_MS = 1000;

const fleet = new Fleet();
let server: LaunchedServer;
let duel: Duel;
let admin: Administrator;

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
beforeEach(async () => {
  duel = new Duel(fleet.newGroup());
  admin = await Administrator.of(duel.group, await RawPeer.connect(server.port));
});
afterEach(async () => {
  admin.leave();
  await duel.dispose();
});

describe('a leader that is replaced never acts after the next member is promoted', () => {
  const LATE_MS = 50;
  let proxy: ChaosProxy;
  beforeEach(async () => {
    proxy = await ChaosProxy.open(server.port);
    // Frames to the leader are delayed: the deputy may learn of its promotion first.
    proxy.pace('toClient', { delayMs: LATE_MS });
    await duel.start(proxy.port, server.port);
  });
  afterEach(() => proxy.dispose());

  it('R-LEAD-1 if it is moved while its process is stopped', async () => {
    const sinceNs = nowNs();
    await duel.leader.program.stop();
    await admin.move(1, 0);
    const toldNs = await duel.waitForTakeover(sinceNs, SUSPEND_MS);
    duel.leader.program.kill('SIGCONT');
    await duel.leader.waitForEvent(({ rank }) => rank === 1, 'rank 1', toldNs);
    await duel.leader.waitForTurns();
    duel.expectNoActAfter(toldNs);
  });

  it('R-VIEW-4 if it is killed', async () => {
    const sinceNs = nowNs();
    duel.leader.program.kill('SIGKILL');
    const toldNs = await duel.waitForTakeover(sinceNs, HEARTBEAT_MS + LATE_MS);
    await duel.leader.program.exited;
    duel.expectNoActAfter(toldNs);
  });
});

/** Sends more than the operating system buffers for a process that does not read. */
function flood({ peer }: Administrator, member: string): void {
  const args = 'x'.repeat(60_000);
  for (let id = 0; id < 400; id += 1) {
    const aim = { to: { members: [member] }, deadlineMs: 60_000, reply: 'none' };
    peer.send({ type: 'admin', action: 'command', id: `f${id}`, name: 'swallow', args, ...aim });
  }
}

describe('a leader that no longer reads never acts after the next member is promoted', () => {
  it('R-LEAD-1 R-FLOW-1 if it is ended as a slow consumer', async () => {
    await duel.start(server.port);
    const flooder = await Administrator.of(duel.group, await RawPeer.connect(server.port));
    await duel.leader.blockLoop();
    const sinceNs = nowNs();
    flood(flooder, await admin.memberAt(0));
    const left = admin.peer.until(({ type, cause }) => type === 'view' && (cause as Frame)['kind'] === 'left');
    const toldNs = await duel.waitForTakeover(sinceNs, FLOOD_MS + STALL_MS + SUSPEND_MS);
    expect((await left)['cause']).toMatchObject({ reason: 'SLOW_CONSUMER' });
    duel.leader.release();
    await duel.leader.waitForJoin(1, toldNs);
    await duel.leader.waitForTurns();
    duel.expectNoActAfter(toldNs);
    flooder.leave();
  });
});
