import { describe, expect, it, jest } from '@jest/globals';
import { at, eventually, type Frame, type Joined, type ProcessServer, rosterOf, within } from '@rankd/testkit';
import { systemClock } from '../../../src/clock.js';
import { systemStreamEnvironment } from '../../../src/redis-stream/environment.js';
import { StreamStore } from '../../../src/redis-stream/stream-store.js';
import { type ClusterFixture, inCluster, readinessOf, untilReadiness } from './cluster-fixture.js';

jest.setTimeout(90_000);

const WITHIN_MS = 20_000;

/** Everything that a server reports on a group: its position in the order, its members and its history. */
async function stateAt(fixture: ClusterFixture, index: number, group: string): Promise<unknown> {
  const { peer, welcome } = await fixture.server(index).join({ group, role: 'observer' });
  const roster = await rosterOf(peer);
  peer.send({ type: 'history', limit: 1000 });
  const { changes } = await peer.next('history');
  return { epoch: welcome['epoch'], view: welcome['view'], seq: welcome['seq'], roster, changes };
}

/** Checks that every server reports the same, in every field. */
async function expectOneState(fixture: ClusterFixture, group: string): Promise<void> {
  const states = await Promise.all(fixture.servers.map(async (_, index) => await stateAt(fixture, index, group)));
  for (const state of states) expect(state).toEqual(states[0]);
}

async function refusalOf(server: ProcessServer, group: string): Promise<Frame> {
  const peer = await server.connect();
  peer.send({ type: 'hello', group });
  return await peer.next('bye');
}

/** Waits until every server has read that there are `count` servers, because then the newest server's rules apply. */
async function untilServers(fixture: ClusterFixture, count: number): Promise<void> {
  for (const server of fixture.servers) {
    await eventually(WITHIN_MS, `${count} servers`, async () => {
      const { cluster } = await readinessOf(server);
      return (cluster['servers'] as Frame[]).length === count ? true : undefined;
    });
  }
}

describe('K10 servers of different versions', () => {
  it.concurrent(
    'keep one state: the rules of the newest apply to all servers, from its entry in the order on',
    async () => {
      await inCluster([2, { RANKD_MEMBERS_MAX: '3', RANKD_GRACE_MS: '0' }], async fixture => {
        const group = fixture.freshGroup();
        const members: Joined[] = await fixture.joinInTurn(3, group);
        for (const server of fixture.servers) expect(await refusalOf(server, group)).toMatchObject({ code: 'FULL' });

        await fixture.add({ RANKD_MEMBERS_MAX: '5', RANKD_GRACE_MS: '60000' });
        await untilServers(fixture, 3);
        // The older two servers apply the newest rules instead of their own: two more seats, and a grace period.
        members.push(await fixture.server(0).join({ group }), await fixture.server(1).join({ group }));
        for (const server of fixture.servers) expect(await refusalOf(server, group)).toMatchObject({ code: 'FULL' });
        const observer = await fixture.observer(2, group);
        at(members, 1).peer.destroy();
        await observer.until(({ type, away }) => type === 'view' && away !== undefined, WITHIN_MS);
        expect((await rosterOf(observer)).map(({ state }) => state)).toEqual([
          'present',
          'away',
          'present',
          'present',
          'present',
        ]);
        await expectOneState(fixture, group);
      });
    },
  );

  it.concurrent('stop when they read an unknown record, and none of them guesses its meaning', async () => {
    await inCluster([2], async fixture => {
      const members = await fixture.joinInTurn(2, fixture.freshGroup());
      const store = new StreamStore(
        { url: fixture.redis.url, prefix: 'rankd', shards: 2, ack: 'async' },
        {
          clock: systemClock,
          environment: systemStreamEnvironment,
          onConnectionState: () => undefined,
          onReconnected: () => undefined,
          onWarning: () => undefined,
        },
      );
      try {
        await store.prepare({ clusterId: 'newer' });
        const newer = store.shard(0);
        const epochs: number[] = [];
        await newer.open(
          {
            onRecords: read => epochs.push(...read.map(({ position }) => position.epoch)),
            onBroken: () => undefined,
          },
          '',
        );
        await eventually(WITHIN_MS, 'the record of the newer version in the stream', async () => {
          const { kind } = await newer.append(['{"v":2,"kind":"parcel","from":"newer","n":1}'], epochs.at(-1) ?? 1);
          return kind === 'ok' ? true : undefined;
        });
        for (const { peer } of members) {
          const { bye } = await within(WITHIN_MS, 'the end of its session', peer.closed);
          expect(bye).toMatchObject({ code: 'UNAVAILABLE', retry: true });
        }
        for (const server of fixture.servers) {
          await server.childProcess.event('cluster.over', ({ why }) => why === 'malformed', WITHIN_MS);
          await server.childProcess.event('log.unusable', undefined, WITHIN_MS);
          await untilReadiness(server, 503, WITHIN_MS);
        }
      } finally {
        await store.close();
      }
    });
  });
});
