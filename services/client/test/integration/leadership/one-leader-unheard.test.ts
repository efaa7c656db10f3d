import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from '@jest/globals';
import { ChaosProxy, type Direction, type LaunchedServer } from '@rankd/testkit';
import { Duel, nowNs } from './two-leader-probe.js';
import { Fleet } from '../fleet.js';

const HEARTBEAT_MS = 150;
const SUSPEND_MS = 600;
const DEAD_MS = 900;
const LATE_MS = 50;
const ROUNDS = 3;

const fleet = new Fleet();
let server: LaunchedServer;
let proxies: [ChaosProxy, ChaosProxy];
const opened: ChaosProxy[] = [];
let duel: Duel;

beforeAll(async () => {
  server = await fleet.server({
    RANKD_HEARTBEAT_MS: String(HEARTBEAT_MS),
    RANKD_SUSPEND_MS: String(SUSPEND_MS),
    RANKD_DEAD_MS: String(DEAD_MS),
  });
});
afterAll(() => fleet.dispose());
beforeEach(async () => {
  proxies = await twoProxies(server.port);
  duel = new Duel(fleet.newGroup());
});
afterEach(async () => {
  await duel.dispose();
  for (const proxy of opened.splice(0)) await proxy.dispose();
});

/** One for the leader and one for the deputy, until the end of the test. */
async function twoProxies(port: number): Promise<[ChaosProxy, ChaosProxy]> {
  const two: [ChaosProxy, ChaosProxy] = [await ChaosProxy.open(port), await ChaosProxy.open(port)];
  opened.push(...two);
  return two;
}

describe('a leader that is not heard never acts once its deputy has been told that it leads', () => {
  it('R-LEAD-3 where it is stopped past deadMs, and continued', async () => {
    await duel.begin(server.port);
    for (let round = 0; round < ROUNDS; round += 1) {
      const sinceNs = nowNs();
      duel.leader.program.kill('SIGSTOP');
      const toldNs = await duel.takesOver(sinceNs, DEAD_MS + HEARTBEAT_MS);
      duel.leader.program.kill('SIGCONT');
      await duel.leader.joined(1, toldNs);
      await duel.leader.turnsOn();
      duel.expectNoActAfter(toldNs);
      await duel.swap();
    }
  });

  it.each<[string, Direction, 'hold' | 'drop']>([
    ['what it sends is lost', 'toServer', 'drop'],
    ['what it sends is held up and comes late', 'toServer', 'hold'],
    ['what it is sent is lost', 'toClient', 'drop'],
    ['what it is sent is held up and comes late', 'toClient', 'hold'],
  ])('R-LEAD-3 where %s', async (_what, direction, treatment) => {
    await duel.begin(proxies[0].port, proxies[1].port);
    for (let round = 0; round < ROUNDS; round += 1) {
      const [leaders] = proxies;
      const sinceNs = nowNs();
      // Nothing is heard of the end in time either: by then the deputy may know.
      leaders.pace('toClient', { delayMs: LATE_MS });
      leaders.treat(direction, treatment);
      const toldNs = await duel.takesOver(sinceNs, DEAD_MS + HEARTBEAT_MS);
      await duel.leader.turnsOn();
      // Byte by byte, so that it goes on between one late frame and the next.
      leaders.pace(direction, { pieceBytes: 1 });
      leaders.treat(direction, 'pass');
      await duel.leader.joined(1, toldNs);
      for (const way of ['toServer', 'toClient'] as const) leaders.pace(way, {});
      await duel.leader.turnsOn();
      duel.expectNoActAfter(toldNs);
      await duel.swap();
      proxies.reverse();
    }
  });

  it('R-VIEW-4 where something between closes the one end and not the other: after the grace of a leader', async () => {
    const behindProxy = await fleet.server({
      RANKD_HEARTBEAT_MS: String(HEARTBEAT_MS),
      RANKD_SUSPEND_MS: String(SUSPEND_MS),
      RANKD_DEAD_MS: String(DEAD_MS),
      RANKD_GRACE_LEADER_MS: String(SUSPEND_MS),
    });
    const [leaders, deputys] = await twoProxies(behindProxy.port);
    await duel.begin(leaders.port, deputys.port);
    const sinceNs = nowNs();
    leaders.treat('toClient', 'drop');
    leaders.halfClose('toServer');
    const toldNs = await duel.takesOver(sinceNs, SUSPEND_MS);
    await duel.leader.turnsOn();
    leaders.treat('toClient', 'pass');
    await duel.leader.joined(1, toldNs);
    duel.expectNoActAfter(toldNs);
  });
});
