import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { at, type Joined, numberIn, type RawPeer, rosterOf, TIMINGS } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const HOUR_MS = 3_600_000;
const SUSPEND_MS = Number(TIMINGS.normal.RANKD_SUSPEND_MS);
const HEARTBEAT_MS = Number(TIMINGS.normal.RANKD_HEARTBEAT_MS);
const GRACE_MS = 3000;
/** How late a timer of the server may be, in ms. */
const TIMER_MS = 20;
const PER_SECOND = 3;
const ADMIN = 'let me decide';

let server: InProcessServer;

beforeEach(async () => {
  server = await InProcessServer.start({
    ...TIMINGS.normal,
    RANKD_GRACE_MS: String(GRACE_MS),
    RANKD_GRACE_LEADER_MS: String(SUSPEND_MS),
    RANKD_COMMANDS_PER_SECOND: String(PER_SECOND),
    RANKD_ADMIN_TOKEN: ADMIN,
  });
});
afterEach(async () => await server.dispose());

/** A group whose leader is behind a proxy that closes the server's end: it may act until it has suspended itself. */
async function loseLeader(): Promise<{ members: Joined[]; deputy: RawPeer; lostAtMs: number }> {
  const members = await server.joinMany(3, server.freshGroup());
  const { peer: deputy } = at(members, 1);
  const { peer: eve } = await server.join({ group: at(members, 0).welcome['group'] as string, role: 'observer' });
  at(members, 0).peer.destroy();
  const view = await eve.until(({ type, away }) => type === 'view' && away !== undefined);
  return { members, deputy, lostAtMs: eve.recordOf(view).atMs };
}

describe.each([
  ['back', -HOUR_MS],
  ['ahead', HOUR_MS],
])('a wall clock that is set %s by an hour', (_, ms) => {
  it('R-VIEW-4 R-LEAD-1 changes no grace period: the next leads after it, and not before', async () => {
    const { deputy, lostAtMs } = await loseLeader();
    server.moveWallClock(ms);
    const view = await deputy.next('view', 2 * SUSPEND_MS);
    expect(view).toMatchObject({ rank: 0, cause: { reason: 'GRACE_ENDED' } });
    const tookMs = deputy.recordOf(view).atMs - lostAtMs;
    expect(tookMs).toBeGreaterThanOrEqual(SUSPEND_MS);
    expect(tookMs).toBeLessThanOrEqual(SUSPEND_MS + TIMER_MS);
  });

  it('R-LEAD-1 makes no decision about an away leader early or late', async () => {
    const { members, lostAtMs } = await loseLeader();
    const group = at(members, 0).welcome['group'] as string;
    const { peer: admin } = await server.join({ group, role: 'observer', token: ADMIN });
    await server.time.pass(1000);
    server.moveWallClock(ms);
    admin.send({ type: 'admin', id: 'a', action: 'move', member: at(members, 2).id, rank: 0 });
    const view = await at(members, 2).peer.next('view', 2 * SUSPEND_MS);
    expect(view).toMatchObject({ rank: 0, cause: { kind: 'moved' } });
    const tookMs = at(members, 2).peer.recordOf(view).atMs - lostAtMs;
    // The leader has sent its last pong at most a heartbeat before its connection was lost.
    expect(tookMs).toBeGreaterThanOrEqual(SUSPEND_MS - HEARTBEAT_MS);
    expect(tookMs).toBeLessThanOrEqual(SUSPEND_MS + TIMER_MS);
  });

  it('R-VIEW-4 changes no grace period of an away member that becomes leader', async () => {
    const { members, deputy } = await loseLeader();
    const { peer: last } = at(members, 2);
    deputy.destroy();
    await server.time.pass(10);
    server.moveWallClock(ms);
    const view = await last.until(({ type, rank }) => type === 'view' && rank === 0, 4 * SUSPEND_MS);
    expect(view).toMatchObject({ size: 1, cause: { reason: 'GRACE_ENDED' } });
  });

  it('R-CMD-6 R-CMD-7 changes no deadline, and no duration that a sender receives', async () => {
    const [sender, done, silent] = await server.joinMany(3, server.freshGroup());
    const { peer } = at([sender, done, silent] as Joined[], 0);
    peer.send({ type: 'command', id: 'c', name: 'work', deadlineMs: 2000, reply: 'each' });
    const command = await (done as Joined).peer.next('command');
    server.moveWallClock(ms);
    await server.time.pass(500);
    (done as Joined).peer.send({ type: 'result', seq: command['seq'], status: 'done' });
    const result = await peer.next('result');
    expect(numberIn(result, 'ms')).toBeGreaterThanOrEqual(500);
    expect(numberIn(result, 'ms')).toBeLessThan(500 + TIMER_MS);
    const outcome = await peer.next('outcome', 3000);
    expect(outcome).toMatchObject({ done: 1, expired: 1 });
    expect(numberIn(outcome, 'ms')).toBeGreaterThanOrEqual(2000);
    expect(numberIn(outcome, 'ms')).toBeLessThan(2000 + 100);
  });

  it('gives no command more than the rate limit allows, and none less', async () => {
    const [sender] = await server.joinMany(2, server.freshGroup());
    const { peer } = sender as Joined;
    let sent = 0;
    const acceptedOf = async (count: number): Promise<number> => {
      let accepted = 0;
      for (let left = count; left > 0; left -= 1) {
        sent += 1;
        peer.send({ type: 'command', id: `c${sent}`, name: 'work', reply: 'none' });
        if ((await peer.next('receipt'))['accepted'] === true) accepted += 1;
      }
      return accepted;
    };
    expect(await acceptedOf(PER_SECOND + 1)).toBe(PER_SECOND);
    server.moveWallClock(ms);
    expect(await acceptedOf(1)).toBe(0);
    await server.time.pass(1000);
    expect(await acceptedOf(PER_SECOND + 1)).toBe(PER_SECOND);
  });

  it('is the time that people see: joinedAt follows a corrected clock', async () => {
    const group = server.freshGroup();
    await server.join({ group });
    server.moveWallClock(ms);
    const { peer } = await server.join({ group });
    const [first, second] = await rosterOf(peer);
    const differenceMs = Date.parse(String(second?.['joinedAt'])) - Date.parse(String(first?.['joinedAt']));
    expect(Math.abs(differenceMs - ms)).toBeLessThan(1000);
  });
});
