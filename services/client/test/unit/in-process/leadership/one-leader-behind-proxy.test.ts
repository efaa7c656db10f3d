import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from '@jest/globals';
import { SeededRandom, TIMINGS } from '@rankd/testkit';
import { type FleetProxy, InProcessFleet, type InProcessServer } from '@rankd/testkit/in-process';
import { Administrator } from '../administrator.js';
import { timedIt } from '../fixture.js';
import { Duel } from './duel.js';

const HEARTBEAT_MS = Number(TIMINGS.quick.RANKD_HEARTBEAT_MS);
const SUSPEND_MS = Number(TIMINGS.quick.RANKD_SUSPEND_MS);
const DEAD_MS = Number(TIMINGS.quick.RANKD_DEAD_MS);
const ROUNDS = 3;
/** Shorter than the lease, the same, and longer, ms. */
const GRACES_MS = [1, SUSPEND_MS, 2 * SUSPEND_MS];

/** What an administrator does to the leader. */
type Decision = (admin: Administrator) => Promise<void>;
const decisions: [string, Decision][] = [
  ['the deputy is moved to rank 0', admin => admin.move(1, 0)],
  ['the leader is moved', admin => admin.move(0, 1)],
  ['the leader is removed', admin => admin.remove(0)],
];

const fleet = new InProcessFleet();
const it = timedIt(fleet);

describe.each(GRACES_MS)('with RANKD_GRACE_LEADER_MS=%i, a proxy closes only the server’s end', graceMs => {
  let server: InProcessServer;
  let port: number;
  let random: SeededRandom;
  let duel: Duel;
  let admin: Administrator;

  beforeAll(async () => {
    const grace = { RANKD_GRACE_LEADER_MS: String(graceMs), RANKD_ADMIN_TOKEN: 'admin' };
    ({ port, server } = await fleet.server({ ...TIMINGS.quick, ...grace }));
  });
  beforeEach(async () => {
    random = new SeededRandom(19);
    duel = new Duel(fleet, random);
    admin = await Administrator.of(duel.group, await server.connect());
  });
  afterEach(() => {
    admin.leave();
    duel.dispose();
  });

  /** Runs rounds in which `act` takes rank 0 from the leader, and checks that the leader has stopped before. */
  async function replaceLeaders(act: (leaders: FleetProxy) => Promise<void>): Promise<void> {
    const proxies = await duel.startBehindProxies(port);
    for (let round = 0; round < ROUNDS; round += 1) {
      const [leaders] = proxies;
      const sinceMs = await duel.passHeartbeats();
      await act(leaders);
      const toldMs = await duel.waitForTakeover(sinceMs, Math.max(SUSPEND_MS, graceMs) + 4 * HEARTBEAT_MS);
      await fleet.time.pass(random.below(DEAD_MS));
      leaders.treat('toClient', 'pass');
      await duel.waitForEvent(duel.leader, ({ event, rank }) => event === 'joined' && rank === 1, sinceMs, 'rank 1');
      duel.expectNoActAfter(toldMs);
      await duel.swap();
      proxies.reverse();
    }
  }

  it('R-LEAD-1 and the leader’s seat is kept until it has stopped', async () => {
    await replaceLeaders(async leaders => {
      closeServerEnd(leaders);
      return Promise.resolve();
    });
  });

  it.each(decisions.slice(0, 2))('R-LEAD-1 and half a lease later %s', async (_, decide) => {
    await replaceLeaders(async leaders => {
      closeServerEnd(leaders);
      await fleet.time.pass(SUSPEND_MS / 2);
      await decide(admin);
    });
  });

  it.each(decisions.slice(0, 2))('R-LEAD-1 while %s, before the leader has received yield', async (_, decide) => {
    await replaceLeaders(async leaders => {
      leaders.treat('toClient', 'drop');
      await decide(admin);
      await fleet.time.pass(HEARTBEAT_MS / 2);
      leaders.halfClose('toServer');
    });
  });

  it.each(decisions)('R-LEAD-1 once, and then %s', async (_, decide) => {
    const proxy = fleet.proxy(port);
    await duel.start(proxy.port, port);
    const sinceMs = fleet.time.nowMs();
    closeServerEnd(proxy);
    await fleet.time.pass(HEARTBEAT_MS / 2);
    await decide(admin);
    const toldMs = await duel.waitForTakeover(sinceMs, SUSPEND_MS + 2 * HEARTBEAT_MS);
    await fleet.time.pass(2 * DEAD_MS);
    duel.expectNoActAfter(toldMs);
    const { accepted } = await admin.peer.next('receipt');
    expect(accepted).toBe(true);
  });
});

afterAll(() => fleet.dispose());

function closeServerEnd(proxy: FleetProxy): void {
  proxy.treat('toClient', 'drop');
  proxy.halfClose('toServer');
}
