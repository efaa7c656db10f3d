import { afterAll, afterEach, beforeAll, beforeEach, describe } from '@jest/globals';
import { type Direction, SeededRandom, TIMINGS } from '@rankd/testkit';
import { InProcessFleet } from '@rankd/testkit/in-process';
import { timedIt } from '../fixture.js';
import { Duel } from './duel.js';

const HEARTBEAT_MS = Number(TIMINGS.quick.RANKD_HEARTBEAT_MS);
const SUSPEND_MS = Number(TIMINGS.quick.RANKD_SUSPEND_MS);
const DEAD_MS = Number(TIMINGS.quick.RANKD_DEAD_MS);
const LATE_MS_MAX = 50;
const ROUNDS = 8;

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let port: number;
let behindProxyPort: number;
let random: SeededRandom;
let duel: Duel;

beforeAll(async () => {
  ({ port } = await fleet.server(TIMINGS.quick));
  const grace = { RANKD_GRACE_LEADER_MS: String(SUSPEND_MS) };
  ({ port: behindProxyPort } = await fleet.server({ ...TIMINGS.quick, ...grace }));
});
afterAll(() => fleet.dispose());
beforeEach(() => {
  random = new SeededRandom(18);
  duel = new Duel(fleet, random);
});
afterEach(() => duel.dispose());

describe('a leader that the server does not receive never acts after the next member is promoted', () => {
  it('R-LEAD-3 if it is stopped past deadMs, and continued', async () => {
    await duel.start(port, port);
    for (let round = 0; round < ROUNDS; round += 1) {
      const sinceMs = await duel.passHeartbeats();
      duel.leader.process.stop();
      const toldMs = await duel.waitForTakeover(sinceMs, DEAD_MS + HEARTBEAT_MS);
      await fleet.time.pass(random.below(2 * DEAD_MS));
      duel.leader.process.continue();
      await duel.waitForJoin(duel.leader, 1, toldMs);
      duel.expectNoActAfter(toldMs);
      await duel.swap();
    }
  });

  it.each<[string, Direction, 'hold' | 'drop']>([
    ['its frames are lost', 'toServer', 'drop'],
    ['its frames are delayed', 'toServer', 'hold'],
    ['the frames to it are lost', 'toClient', 'drop'],
    ['the frames to it are delayed', 'toClient', 'hold'],
  ])('R-LEAD-3 if %s', async (_what, direction, treatment) => {
    const proxies = await duel.startBehindProxies(port);
    for (let round = 0; round < ROUNDS; round += 1) {
      const [leaders] = proxies;
      const sinceMs = await duel.passHeartbeats();
      // The end of the session arrives late too, so the deputy may learn of it first.
      leaders.pace('toClient', { delayMs: random.below(LATE_MS_MAX) });
      leaders.treat(direction, treatment);
      const toldMs = await duel.waitForTakeover(sinceMs, DEAD_MS + HEARTBEAT_MS);
      await fleet.time.pass(random.below(2 * DEAD_MS));
      // Byte by byte, so that the leader acts between two late frames.
      leaders.pace(direction, { pieceBytes: 1 });
      leaders.treat(direction, 'pass');
      await duel.waitForJoin(duel.leader, 1, toldMs);
      for (const way of ['toServer', 'toClient'] as const) leaders.pace(way, {});
      duel.expectNoActAfter(toldMs);
      await duel.swap();
      proxies.reverse();
    }
  });

  it("R-VIEW-4 if a proxy closes only the server's end: after the grace period of a leader", async () => {
    const proxies = await duel.startBehindProxies(behindProxyPort);
    for (let round = 0; round < ROUNDS; round += 1) {
      const [leaders] = proxies;
      const sinceMs = await duel.passHeartbeats();
      leaders.treat('toClient', 'drop');
      leaders.halfClose('toServer');
      const toldMs = await duel.waitForTakeover(sinceMs, SUSPEND_MS + HEARTBEAT_MS);
      await fleet.time.pass(random.below(DEAD_MS));
      leaders.treat('toClient', 'pass');
      await duel.waitForJoin(duel.leader, 1, toldMs);
      duel.expectNoActAfter(toldMs);
      await duel.swap();
      proxies.reverse();
    }
  });
});
