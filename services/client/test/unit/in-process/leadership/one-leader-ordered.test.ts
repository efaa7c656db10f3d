import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from '@jest/globals';
import { type Frame, SeededRandom, TIMINGS } from '@rankd/testkit';
import { type FleetProxy, InProcessFleet, type InProcessServer } from '@rankd/testkit/in-process';
import { Administrator } from '../administrator.js';
import { timedIt } from '../fixture.js';
import { Duel } from './duel.js';

const HEARTBEAT_MS = Number(TIMINGS.quick.RANKD_HEARTBEAT_MS);
const SUSPEND_MS = Number(TIMINGS.quick.RANKD_SUSPEND_MS);
const STALL_MS = 300;
/** The longest delay of frames to the leader, ms. The deputy may learn of its promotion first. */
const LATE_MS_MAX = 50;
const ROUNDS = 15;

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: InProcessServer;
let port: number;
let random: SeededRandom;
let duel: Duel;
let admin: Administrator;

beforeAll(async () => {
  ({ port, server } = await fleet.server({
    ...TIMINGS.quick,
    // These tests are not about silence.
    RANKD_DEAD_MS: '6000',
    RANKD_STALL_MS: String(STALL_MS),
    RANKD_ADMIN_TOKEN: 'admin',
  }));
});
afterAll(() => fleet.dispose());
beforeEach(async () => {
  random = new SeededRandom(17);
  duel = new Duel(fleet, random);
  admin = await Administrator.of(duel.group, await server.connect());
});
afterEach(() => {
  admin.leave();
  duel.dispose();
});

/** Moves to another point between two heartbeats, and sets another delay of frames to the leader. Returns the time. */
async function beginRound([leaders, deputys]: readonly [FleetProxy, FleetProxy]): Promise<number> {
  leaders.pace('toClient', { delayMs: random.below(LATE_MS_MAX) });
  deputys.pace('toClient', {});
  return await duel.passHeartbeats();
}

describe('a leader that is replaced never acts after the next member is promoted', () => {
  it('R-LEAD-1 R-LEAD-2 if it is moved: its work ends before that of the new leader starts', async () => {
    const proxies = await duel.startBehindProxies(port);
    for (let round = 0; round < ROUNDS; round += 1) {
      const sinceMs = await beginRound(proxies);
      await admin.move(1, 0);
      const toldMs = await duel.waitForTakeover(sinceMs, HEARTBEAT_MS + LATE_MS_MAX);
      await fleet.time.pass(2 * HEARTBEAT_MS);
      duel.expectNoActAfter(toldMs);
      const stopped = await duel.waitForEvent(
        duel.leader,
        ({ event }) => event === 'stopped',
        sinceMs,
        'end of its work',
      );
      const begun = await duel.waitForEvent(
        duel.deputy,
        ({ event }) => event === 'lead',
        sinceMs,
        'work of the new leader',
      );
      expect(stopped.place).toBeLessThan(begun.place);
      await duel.swap();
      proxies.reverse();
    }
  });

  it('R-LEAD-1 if it is moved while its process is stopped', async () => {
    const proxies = await duel.startBehindProxies(port);
    for (let round = 0; round < ROUNDS; round += 1) {
      const sinceMs = await beginRound(proxies);
      duel.leader.process.stop();
      await admin.move(1, 0);
      const toldMs = await duel.waitForTakeover(sinceMs, SUSPEND_MS + LATE_MS_MAX);
      duel.leader.process.continue();
      await duel.waitForEvent(duel.leader, ({ rank }) => rank === 1, toldMs, 'rank 1');
      await fleet.time.pass(2 * HEARTBEAT_MS);
      duel.expectNoActAfter(toldMs);
      await duel.swap();
      proxies.reverse();
    }
  });

  it('R-LEAD-1 if it is removed', async () => {
    const proxies = await duel.startBehindProxies(port);
    for (let round = 0; round < ROUNDS; round += 1) {
      const sinceMs = await beginRound(proxies);
      await admin.remove(0);
      const toldMs = await duel.waitForTakeover(sinceMs, HEARTBEAT_MS + LATE_MS_MAX);
      const isRemoval = ({ code }: { readonly code?: string | undefined }): boolean => code === 'REMOVED';
      await duel.waitForEvent(duel.leader, isRemoval, sinceMs, 'removal');
      duel.expectNoActAfter(toldMs);
      proxies.reverse();
      await duel.renew(proxies[1].port);
    }
  });

  it.each<[string, (leader: Duel['leader']) => void]>([
    ['R-VIEW-4 if it is killed', leader => leader.kill()],
    ['R-VIEW-5 if it sends `leave`', leader => void leader.member?.leave()],
  ])('%s', async (_what, end) => {
    const proxies = await duel.startBehindProxies(port);
    for (let round = 0; round < ROUNDS; round += 1) {
      const sinceMs = await beginRound(proxies);
      end(duel.leader);
      const toldMs = await duel.waitForTakeover(sinceMs, HEARTBEAT_MS + LATE_MS_MAX);
      await fleet.time.pass(2 * HEARTBEAT_MS);
      duel.expectNoActAfter(toldMs);
      proxies.reverse();
      await duel.renew(proxies[1].port);
    }
  });
});

/** Sends more than the network buffers for a process that does not read. */
function flood({ peer }: Administrator, member: string): void {
  const args = 'x'.repeat(60_000);
  for (let id = 0; id < 4; id += 1) {
    const aim = { to: { members: [member] }, deadlineMs: 60_000, reply: 'none' };
    peer.send({ type: 'admin', action: 'command', id: `f${id}`, name: 'swallow', args, ...aim });
  }
}

describe('a leader that no longer reads never acts after the next member is promoted', () => {
  it('R-LEAD-1 R-FLOW-1 if it is ended as a slow consumer', async () => {
    // This test has no proxy, because a proxy would read in place of the leader.
    await duel.start(port, port);
    for (let round = 0; round < ROUNDS; round += 1) {
      const flooder = await Administrator.of(duel.group, await server.connect());
      await fleet.time.pass(random.below(2 * HEARTBEAT_MS));
      const sinceMs = fleet.time.nowMs();
      duel.leader.process.stop();
      flood(flooder, await admin.memberAt(0));
      const left = admin.peer.until(({ type, cause }) => type === 'view' && (cause as Frame)['kind'] === 'left');
      const toldMs = await duel.waitForTakeover(sinceMs, STALL_MS + HEARTBEAT_MS + SUSPEND_MS);
      expect((await left)['cause']).toMatchObject({ reason: 'SLOW_CONSUMER' });
      duel.leader.process.continue();
      await duel.waitForJoin(duel.leader, 1, toldMs);
      duel.expectNoActAfter(toldMs);
      flooder.leave();
      await duel.swap();
    }
  });
});
