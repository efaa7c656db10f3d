import { describe, expect, it, jest } from '@jest/globals';
import {
  at,
  ChaosProxy,
  eventually,
  type Joined,
  type LaunchedRedis,
  launchRedis,
  type ProcessServer,
  resumeOf,
  rosterOf,
  within,
} from '@rankd/testkit';
import { Redis } from 'ioredis';
import { type ClusterFixture, inCluster, readinessOf, untilReadiness } from './cluster-fixture.js';

jest.setTimeout(120_000);

const WITHIN_MS = 30_000;
/** Longer than a failover of Redis. A server asks its members to stop 2.5 s after the last record. */
const PATIENT = { RANKD_GRACE_SERVER_MS: '20000' };

/** A replica of the fixture's Redis, over a link that can be cut. */
interface Replica {
  readonly redis: LaunchedRedis;
  readonly link: ChaosProxy;
}

async function replicaOf(fixture: ClusterFixture): Promise<Replica> {
  const link = await ChaosProxy.open(fixture.redis.port);
  const redis = await launchRedis({ args: ['--appendonly', 'yes', '--replicaof', '127.0.0.1', String(link.port)] });
  await withRedis(fixture.redis.port, async primary => {
    await eventually(WITHIN_MS, 'the replica to follow', async () =>
      (await primary.wait(1, 500)) === 1 ? true : undefined,
    );
  });
  return { redis, link };
}

async function withRedis(port: number, ask: (redis: Redis) => Promise<void>): Promise<void> {
  const redis = new Redis({ port, host: '127.0.0.1' });
  try {
    await ask(redis);
  } finally {
    redis.disconnect();
  }
}

/** Kills the primary and promotes the replica, which then has the same addresses. */
async function failOver(
  fixture: ClusterFixture,
  { redis, link }: Replica,
  meanwhile: (fixture: ClusterFixture) => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  fixture.redis.childProcess.kill();
  await within(5000, 'the end of the primary', fixture.redis.childProcess.exited);
  await meanwhile(fixture);
  await withRedis(redis.port, async replica => {
    await replica.replicaof('NO', 'ONE');
  });
  await link.dispose();
  for (const proxy of fixture.proxies) proxy.lead(redis.port);
}

async function comeBack(server: ProcessServer, group: string, member: Joined, epoch?: unknown): Promise<Joined> {
  return await eventually(WITHIN_MS, 'a seat', async () => {
    const peer = await server.connect();
    peer.send({ type: 'hello', group, resume: { ...resumeOf(member), epoch } });
    const answer = await peer.until(({ type }) => type === 'welcome' || type === 'bye');
    return answer.type === 'bye' ? undefined : { ...member, peer, welcome: answer, id: String(answer['member']) };
  });
}

describe('K4 a primary that dies and whose replica has everything', () => {
  it.concurrent('costs no member its rank: the order continues in another epoch', async () => {
    await inCluster([2, { ...PATIENT, RANKD_LOG_ACK: 'async' }], async fixture => {
      const replica = await replicaOf(fixture);
      try {
        const group = fixture.freshGroup();
        const members = await fixture.joinInTurn(4, group);
        await withRedis(fixture.redis.port, async primary => expect(await primary.wait(1, 5000)).toBe(1));
        await failOver(fixture, replica);
        await Promise.all(fixture.servers.map(async server => await untilReadiness(server, 200, WITHIN_MS)));
        const back = await Promise.all(
          members.map(async (member, rank) => await comeBack(fixture.server((rank + 1) % 2), group, member)),
        );
        expect(back.map(({ id, welcome }) => [id, welcome['rank'], welcome['slot'], welcome['resumed']])).toEqual(
          members.map(({ id }, rank) => [id, rank, rank, true]),
        );
        const last = await fixture.server(0).join({ group });
        expect(last.welcome).toMatchObject({ rank: 4, size: 5 });
        expect(Number((await readinessOf(fixture.server(1))).cluster['epoch'])).toBeGreaterThan(1);
      } finally {
        await replica.redis.dispose();
      }
    });
  });
});

describe('K5 a primary that dies with records that its replica lacks', () => {
  const untilGivenUp = async ({ servers }: ClusterFixture): Promise<unknown> =>
    await Promise.all(
      servers.map(
        async ({ childProcess }) => await childProcess.event('cluster.over', ({ why }) => why === 'unheard', WITHIN_MS),
      ),
    );

  it.concurrent.each([
    { when: 'at once', meanwhile: undefined },
    { when: 'after the servers have given up', meanwhile: untilGivenUp },
  ])(
    'is replaced $when: all servers agree on the remaining order, and the remaining members keep their ranks',
    async ({ meanwhile }) => {
      await inCluster([2, PATIENT], async fixture => {
        const replica = await replicaOf(fixture);
        try {
          const group = fixture.freshGroup();
          const members = await fixture.joinInTurn(3, group);
          await withRedis(fixture.redis.port, async primary => expect(await primary.wait(1, 5000)).toBe(1));
          for (const direction of ['toClient', 'toServer'] as const) replica.link.treat(direction, 'hold');
          const vanished = await fixture.server(0).join({ group, name: 'vanished' });
          expect(vanished.welcome).toMatchObject({ rank: 3 });
          await failOver(fixture, replica, meanwhile);
          const ends = await Promise.all(
            [...members, vanished].map(async ({ peer }) => await within(WITHIN_MS, 'its bye', peer.closed)),
          );
          expect(ends.map(({ bye }) => bye?.['code'])).toEqual(Array(4).fill('UNAVAILABLE'));
          await Promise.all(fixture.servers.map(async server => await untilReadiness(server, 200, WITHIN_MS)));
          const again = await comeBack(fixture.server(1), group, vanished);
          expect(again.welcome).toMatchObject({ rank: 3, resumed: false });
          expect(again.id).not.toBe(vanished.id);
          const back = await Promise.all(members.map(async member => await comeBack(fixture.server(0), group, member)));
          expect(back.map(({ id, welcome }) => [id, welcome['rank']])).toEqual(
            members.map(({ id }, rank) => [id, rank]),
          );
          // All members are in the same new epoch, so no view, seq or fencing token of the lost records is issued
          // again.
          const epochs = new Set([...back, again].map(({ welcome }) => Number(welcome['epoch'])));
          expect([epochs.size, Math.min(...epochs) > Number(vanished.welcome['epoch'])]).toEqual([1, true]);
          expect(at(back, 0).welcome['fence']).toMatchObject({ epoch: Math.min(...epochs) });
          const rosters = await Promise.all(
            [0, 1].map(async index => {
              const observer = await fixture.observer(index, group);
              await eventually(WITHIN_MS, 'all members to be present', async () =>
                (await rosterOf(observer)).every(({ state }) => state === 'present') ? true : undefined,
              );
              return (await rosterOf(observer)).map(({ member }) => member);
            }),
          );
          expect(rosters).toEqual(Array(2).fill([...members.map(({ id }) => id), again.id]));
        } finally {
          await replica.redis.dispose();
        }
      });
    },
  );
});

describe('K6 a Redis that has lost the order', () => {
  it.concurrent('stays unused: servers reject members, and report why', async () => {
    await inCluster([2], async fixture => {
      const members = await fixture.joinInTurn(2, fixture.freshGroup());
      await withRedis(fixture.redis.port, async redis => {
        await redis.flushall();
      });
      for (const { peer } of members) {
        expect((await within(WITHIN_MS, 'its bye', peer.closed)).bye).toMatchObject({ code: 'UNAVAILABLE' });
      }
      for (const server of fixture.servers) {
        await server.childProcess.event('log.unusable', ({ reason }) => /lost/.test(String(reason)), WITHIN_MS);
        expect((await readinessOf(server)).status).toBe(503);
      }
      expect(at(fixture.servers, 0).childProcess.output).toContain('"why":"missing"');
    });
  });
});

describe('K12 a primary that dies with all servers that had read its end', () => {
  it.concurrent(
    'R-JOIN-1 makes no fencing token repeat: the client that led names the epoch that was lost',
    async () => {
      await inCluster([1, { RANKD_GRACE_SERVER_MS: '20000', RANKD_REFORM_MS: '1500' }], async fixture => {
        const replica = await replicaOf(fixture);
        try {
          const group = fixture.freshGroup();
          const early = await fixture.server(0).join({ group });
          await withRedis(fixture.redis.port, async primary => expect(await primary.wait(1, 5000)).toBe(1));
          for (const direction of ['toClient', 'toServer'] as const) replica.link.treat(direction, 'hold');
          early.peer.send({ type: 'leave' });
          await early.peer.closed;
          const led = await fixture.server(0).join({ group });
          expect(led.welcome).toMatchObject({ rank: 0, size: 1, fence: { epoch: led.welcome['epoch'] } });
          const { childProcess } = fixture.server(0);
          childProcess.kill('SIGKILL');
          await within(5000, 'the end of the server', childProcess.exited);
          await failOver(fixture, replica);
          const next = await fixture.add({ RANKD_REDIS_URL: `redis://127.0.0.1:${replica.redis.port}` });
          const lost = Number(led.welcome['epoch']);
          const back = await comeBack(next, group, led, lost);
          // The member that had left before the loss has its seat again, for RANKD_REFORM_MS.
          expect(back.welcome).toMatchObject({ rank: 1, size: 2, resumed: false, leader: { member: early.id } });
          const view = await back.peer.until(({ type, rank }) => type === 'view' && rank === 0, WITHIN_MS, 'rank 0');
          expect(Number(view['epoch'])).toBeGreaterThan(lost);
        } finally {
          await replica.redis.dispose();
        }
      });
    },
  );
});
