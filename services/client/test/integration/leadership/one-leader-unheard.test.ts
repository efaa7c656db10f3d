import { afterAll, afterEach, describe, it } from '@jest/globals';
import { Duel, nowNs } from './two-leader-probe.js';
import { Fleet } from '../fleet.js';

const HEARTBEAT_MS = 150;
const DEAD_MS = 900;
const QUICK = { RANKD_HEARTBEAT_MS: String(HEARTBEAT_MS), RANKD_SUSPEND_MS: '600', RANKD_DEAD_MS: String(DEAD_MS) };

const fleet = new Fleet();
const duel = new Duel(fleet.newGroup());
afterEach(() => duel.dispose());
afterAll(() => fleet.dispose());

describe('a leader that the server does not receive never acts after the next member is promoted', () => {
  it('R-LEAD-3 if it is stopped past deadMs, and continued', async () => {
    const { port } = await fleet.server(QUICK);
    await duel.start(port);
    const sinceNs = nowNs();
    duel.leader.program.kill('SIGSTOP');
    const toldNs = await duel.waitForTakeover(sinceNs, DEAD_MS + HEARTBEAT_MS);
    duel.leader.program.kill('SIGCONT');
    await duel.leader.waitForJoin(1, toldNs);
    await duel.leader.waitForTurns();
    duel.expectNoActAfter(toldNs);
  });
});
