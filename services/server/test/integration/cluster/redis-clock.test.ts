import { describe, expect, it, jest } from '@jest/globals';
import { at, eventually, type Joined, RedisClockProxy, rosterOf, textIn } from '@rankd/testkit';
import { type ClusterFixture, inCluster, untilReadiness } from './cluster-fixture.js';

jest.setTimeout(120_000);

const HOUR_S = 3600;
/** Longer than servers take to notice that the clock of Redis was set (CLOCK_MS), so that it is set during a grace period. */
const GRACE_MS = 16_000;
/** How much later than the grace period the next member may lead: the lease, the loss of a heartbeat, and a busy machine. */
const LATE_MS = 20_000;

/** Puts a proxy that can set the clock of Redis between all servers and Redis. */
async function withClock(fixture: ClusterFixture): Promise<RedisClockProxy> {
  const clock = await RedisClockProxy.open(fixture.redis.port);
  for (const proxy of fixture.proxies) {
    proxy.lead(clock.port);
    proxy.reset();
  }
  for (const server of fixture.servers) await untilReadiness(server, 200, 20_000);
  return clock;
}

/**
 * Waits until a newcomer at this server gets a wall time that is `aheadS` seconds ahead. A newcomer stays for one heartbeat: more of them would
 * keep the servers so busy that these accept no sessions.
 */
async function untilClockNoticed(fixture: ClusterFixture, index: number, aheadS: number): Promise<void> {
  await eventually(30_000, `server ${index} to notice the clock`, async () => {
    const { peer } = await fixture.server(index).join({ group: fixture.freshGroup() });
    const joinedAtMs = Date.parse(textIn(at(await rosterOf(peer), 0), 'joinedAt'));
    if (Math.abs(joinedAtMs - Date.now() - aheadS * 1000) < (HOUR_S * 1000) / 2) return true;
    await peer.next('ping');
    peer.send({ type: 'leave' });
    return undefined;
  });
}

/** A leader at server 1 whose connection breaks, and the member after it at server 0. Returns after how long that member leads, ms. */
async function loseLeader(fixture: ClusterFixture): Promise<() => Promise<number>> {
  const group = fixture.freshGroup();
  const leader = await fixture.server(1).join({ group, name: 'leader' });
  const next: Joined = await fixture.server(0).join({ group, name: 'next' });
  await leader.peer.next('ping');
  const lostAtMs = performance.now();
  leader.peer.reset();
  return async () => {
    const promoted = await next.peer.until(({ type, rank }) => type === 'view' && rank === 0, GRACE_MS + LATE_MS);
    return next.peer.recordOf(promoted).atMs - lostAtMs;
  };
}

describe('R-LEAD-1 a clock of Redis that is set', () => {
  it.concurrent.each([
    ['back', -HOUR_S],
    ['ahead', HOUR_S],
  ])('%s by an hour changes no grace period, before or after it', async (_, aheadS) => {
    await inCluster(
      [2, { RANKD_GRACE_MS: String(GRACE_MS), RANKD_GRACE_LEADER_MS: String(GRACE_MS) }],
      async fixture => {
        const clock = await withClock(fixture);
        try {
          const earlier = await loseLeader(fixture);
          clock.setClock(aheadS);
          await Promise.all([0, 1].map(index => untilClockNoticed(fixture, index, aheadS)));
          const later = await loseLeader(fixture);
          for (const tookMs of await Promise.all([earlier(), later()])) {
            expect(tookMs).toBeGreaterThan(GRACE_MS);
            expect(tookMs).toBeLessThan(GRACE_MS + LATE_MS);
          }
        } finally {
          await clock.dispose();
        }
      },
    );
  });
});
