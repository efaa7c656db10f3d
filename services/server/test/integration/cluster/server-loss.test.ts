import { describe, expect, it, jest } from '@jest/globals';
import { at, resumeOf, rosterOf, textIn, within } from '@rankd/testkit';
import { changeOf, GRACE_SERVER_MS, inCluster, readinessOf, SUSPEND_MS, untilReadiness } from './cluster-fixture.js';

jest.setTimeout(90_000);

/** Five heartbeats of the remaining server, plus time for a busy machine. */
const LOST_WITHIN_MS = 20_000;
const ADMIN = 'let me decide';

describe('K1 a server that is killed', () => {
  it.concurrent(
    'leaves its members away in their places: some resume elsewhere, the others leave after their grace period',
    async () => {
      await inCluster([3], async fixture => {
        const group = fixture.freshGroup();
        const members = await fixture.joinInTurn(6, group);
        const observer = await fixture.observer(2, group);
        const [one, four] = [at(members, 1), at(members, 4)];
        fixture.server(1).childProcess.kill();
        expect(await changeOf(observer, 'away', one.id, LOST_WITHIN_MS)).toMatchObject({
          cause: { kind: 'away', reason: 'SERVER_LOST' },
        });
        expect((await rosterOf(observer)).map(({ member, state }) => [member, state])).toEqual(
          members.map(({ id }, rank) => [id, rank % 3 === 1 ? 'away' : 'present']),
        );
        const back = await fixture.server(2).join({ group, resume: resumeOf(one) });
        expect(back.welcome).toMatchObject({ member: one.id, rank: 1, slot: 1, resumed: true });
        await changeOf(observer, 'left', four.id, GRACE_SERVER_MS + LOST_WITHIN_MS);
        expect(await at(members, 5).peer.until(({ type, rank }) => type === 'view' && rank === 4)).toMatchObject({
          was: 5,
          cause: { kind: 'left', reason: 'GRACE_ENDED' },
        });
        expect((await readinessOf(fixture.server(0))).cluster['servers']).toHaveLength(2);
      });
    },
  );

  it.concurrent('R-JOIN-6 does not delay members: they resume elsewhere before the loss is noticed', async () => {
    await inCluster([2], async fixture => {
      const group = fixture.freshGroup();
      const members = await fixture.joinInTurn(3, group);
      fixture.server(1).childProcess.kill();
      const back = await fixture.server(0).join({ group, resume: resumeOf(at(members, 1)) });
      expect(back.welcome).toMatchObject({ rank: 1, slot: 1, resumed: true });
    });
  });
});

describe('K2 a server that is stopped and continued', () => {
  it.concurrent('has no further effect, closes its members’ sessions, and starts another incarnation', async () => {
    await inCluster([2, { RANKD_ADMIN_TOKEN: ADMIN }], async fixture => {
      const group = fixture.freshGroup();
      const members = await fixture.joinInTurn(3, group);
      const observer = await fixture.observer(0, group);
      const [leader, stopped] = [at(members, 0), at(members, 1)];
      await fixture.server(1).childProcess.stop();
      // Sent before the server stopped. No member at the other server may receive it.
      stopped.peer.send({ type: 'command', id: 'z', name: 'zombie', reply: 'none' });
      await changeOf(observer, 'away', stopped.id, LOST_WITHIN_MS);
      fixture.server(1).childProcess.kill('SIGCONT');
      const { bye } = await within(10_000, 'the end of its session', stopped.peer.closed);
      expect(bye).toMatchObject({ code: 'UNAVAILABLE', retry: true });
      expect(stopped.peer.frames.filter(({ type }) => type === 'receipt' || type === 'view')).toEqual([]);
      await untilReadiness(fixture.server(1), 200, 20_000);
      const back = await fixture.server(1).join({ group, resume: resumeOf(stopped) });
      expect(back.welcome).toMatchObject({ member: stopped.id, rank: 1, resumed: true });
      leader.peer.send({ type: 'command', id: 'c', name: 'print', to: { ranks: [1] }, reply: 'none' });
      expect(await back.peer.next('command')).toMatchObject({ name: 'print' });
      expect(at(members, 2).peer.frames.filter(({ type }) => type === 'command')).toEqual([]);
    });
  });

  it.concurrent(
    'R-LEAD-1 R-LEAD-3 acknowledges no pong of its leader, and another member leads only after that leader has stopped',
    async () => {
      await inCluster([2, { RANKD_ADMIN_TOKEN: ADMIN, RANKD_GRACE_SERVER_MS: '500' }], async fixture => {
        const group = fixture.freshGroup();
        const [deputyServer, leaderServer] = [fixture.server(0), fixture.server(1)];
        const leader = await leaderServer.join({ group, name: 'leader' });
        const deputy = await deputyServer.join({ group, name: 'deputy' });
        await leader.peer.next('ping');
        await leaderServer.childProcess.stop();
        const stoppedAtMs = performance.now();
        const promoted = await deputy.peer.until(({ type, rank }) => type === 'view' && rank === 0, LOST_WITHIN_MS);
        // The last acknowledged pong of the leader was sent before the stop, so the leader has suspended itself.
        expect(deputy.peer.recordOf(promoted).atMs - stoppedAtMs).toBeGreaterThan(SUSPEND_MS);
        const seen = Math.max(
          ...leader.peer.frames.filter(({ type }) => type === 'ping').map(({ seen }) => Number(seen)),
        );
        leaderServer.childProcess.kill('SIGCONT');
        await within(10_000, 'the end of its session', leader.peer.closed);
        const later = leader.peer.frames.filter(({ type }) => type === 'ping').map(({ seen }) => Number(seen));
        expect(Math.max(...later)).toBe(seen);
        expect(leader.peer.frames.some(({ type }) => type === 'view')).toBe(false);
      });
    },
  );
});

describe('K3 a server that cannot reach Redis', () => {
  it.concurrent('asks its members to stop, rejects newcomers, closes sessions, and returns with Redis', async () => {
    await inCluster([2], async fixture => {
      const group = fixture.freshGroup();
      const members = await fixture.joinInTurn(4, group);
      const proxy = at(fixture.proxies, 1);
      proxy.treat('toServer', 'hold');
      proxy.treat('toClient', 'hold');
      const cutAtMs = performance.now();
      const cutOff = [at(members, 1), at(members, 3)];
      for (const { peer } of cutOff) {
        const asked = await peer.next('yield', 20_000);
        expect(peer.recordOf(asked).atMs - cutAtMs).toBeGreaterThan(1000);
        peer.send({ type: 'yielded' }, { type: 'command', id: 'c', name: 'print', to: 'all' });
        expect(await peer.next('receipt')).toMatchObject({ accepted: false, code: 'UNAVAILABLE' });
      }
      expect((await readinessOf(fixture.server(1))).status).toBe(503);
      const refused = await fixture.server(1).connect();
      expect(await refused.next('bye')).toMatchObject({ code: 'UNAVAILABLE', retry: true });
      for (const { peer } of cutOff) {
        expect((await within(20_000, 'the end of its session', peer.closed)).bye).toMatchObject({
          code: 'UNAVAILABLE',
        });
      }
      const back = await fixture.server(0).join({ group, resume: resumeOf(at(members, 1)) });
      expect(back.welcome).toMatchObject({ rank: 1, resumed: true });
      proxy.treat('toServer', 'pass');
      proxy.treat('toClient', 'pass');
      await untilReadiness(fixture.server(1), 200, 20_000);
      const again = await fixture.server(1).join({ group, resume: resumeOf(at(members, 3)) });
      expect(again.welcome).toMatchObject({ rank: 3, resumed: true });
    });
  });

  it.concurrent('R-LEAD-2 sends its members a view to act again if Redis answers soon enough', async () => {
    await inCluster([2, { RANKD_SUSPEND_MS: '8000', RANKD_DEAD_MS: '10000' }], async fixture => {
      const members = await fixture.joinInTurn(2, fixture.freshGroup());
      const { peer } = at(members, 1);
      at(fixture.proxies, 1).treat('toServer', 'hold');
      await peer.next('yield', 20_000);
      at(fixture.proxies, 1).treat('toServer', 'pass');
      expect(await peer.next('view', 20_000)).toMatchObject({ rank: 1, was: 1, changes: 0 });
    });
  });
});

describe('R-BYE-2 a server that receives SIGTERM', () => {
  it.concurrent('rejects newcomers, sends bye, and its members keep their places for another server', async () => {
    await inCluster([2], async fixture => {
      const group = fixture.freshGroup();
      const members = await fixture.joinInTurn(4, group);
      const observer = await fixture.observer(0, group);
      fixture.server(1).childProcess.kill('SIGTERM');
      const going = [at(members, 1), at(members, 3)];
      for (const { peer } of going) {
        expect((await within(20_000, 'the bye', peer.closed)).bye).toMatchObject({ code: 'DRAINING', retry: true });
      }
      expect(await changeOf(observer, 'away', at(members, 3).id, 5000)).toMatchObject({
        away: going.map(({ id }) => ({ member: id })),
        cause: { reason: 'SERVER_LEFT' },
      });
      expect(await fixture.server(1).exited(20_000)).toEqual({ code: 0, signal: null });
      for (const member of going) {
        const back = await fixture.server(0).join({ group, resume: resumeOf(member) });
        expect(back.welcome).toMatchObject({
          rank: member.welcome['rank'],
          slot: member.welcome['slot'],
          resumed: true,
        });
      }
      expect((await rosterOf(observer)).map(row => textIn(row, 'member'))).toEqual(members.map(({ id }) => id));
    });
  });
});
