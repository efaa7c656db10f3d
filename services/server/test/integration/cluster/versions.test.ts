import { describe, expect, it, jest } from '@jest/globals';
import {
  at,
  eventually,
  type Frame,
  type Joined,
  type ProcessServer,
  resumeOf,
  rosterOf,
  within,
} from '@rankd/testkit';
import { systemClock } from '../../../src/clock.js';
import { type LogFormat, LogFormats, logFormats } from '../../../src/cluster/formats/log-format.js';
import { encodeSnapshot } from '../../../src/cluster/record-format.js';
import { systemStreamEnvironment } from '../../../src/redis-stream/environment.js';
import type { ShardStream } from '../../../src/redis-stream/shard-stream.js';
import { StreamStore } from '../../../src/redis-stream/stream-store.js';
import { createReplica } from '../../unit/cluster/shard-fixture.js';
import { rulesOf } from '../../unit/core/reference/entries.js';
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

  it.concurrent('wait when they read a record of a later format, and none of them guesses its meaning', async () => {
    await inCluster([2], async fixture => {
      const members = await fixture.joinInTurn(2, fixture.freshGroup());
      await withStream(fixture, async ({ appendRecord }) => {
        await appendRecord('{"v":3,"kind":"parcel","from":"newer","n":1}');
        await expectSentAway(members);
        for (const server of fixture.servers) await expectBlocked(server, /format 3/);
      });
    });
  });

  it.concurrent(
    'wait when they read an unknown entry, also after a restart, and continue from a snapshot that contains it',
    async () => {
      await inCluster([2], async fixture => {
        const group = fixture.freshGroup();
        const members = await fixture.joinInTurn(2, group);
        await withStream(fixture, async ({ appendRecord, stream }) => {
          const entries = [
            { kind: 'server-up', at: 1, name: 'n', since: 1, rules: rulesOf() },
            { kind: 'seat-swapped' },
          ];
          await appendRecord(
            JSON.stringify({ v: logFormats.newest.version, kind: 'parcel', from: 'newer', n: 1, entries }),
          );
          await expectSentAway(members);
          for (const server of fixture.servers) await expectBlocked(server, /entry 1 of record .*"seat-swapped"/);

          const { httpPort, childProcess } = await fixture.restart(1);
          await childProcess.event('cluster.blocked', undefined, WITHIN_MS);
          await expectReason(httpPort, /"seat-swapped"/);

          await saveSnapshot(stream);
          await childProcess.event('listening', undefined, WITHIN_MS);
          await untilReadiness(fixture.server(0), 200, WITHIN_MS);
          for (const child of [fixture.server(0).childProcess, childProcess]) {
            expect(child.lines.filter(line => line.includes('cluster.blocked'))).toHaveLength(1);
          }
          const back = await Promise.all(
            members.map(async member => await fixture.server(0).join({ group, resume: resumeOf(member) })),
          );
          expect(back.map(({ id, welcome }) => [id, welcome['rank'], welcome['epoch']])).toEqual(
            members.map(({ id, welcome }) => [id, welcome['rank'], welcome['epoch']]),
          );
        });
      });
    },
  );
});

/** Another end of the stream of shard 0, with which a test writes what a later version would write. */
interface OtherEnd {
  readonly stream: ShardStream;
  readonly appendRecord: (body: string) => Promise<void>;
}

async function withStream(fixture: ClusterFixture, run: (end: OtherEnd) => Promise<void>): Promise<void> {
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
    const stream = store.shard(0);
    const epochs: number[] = [];
    await stream.open(
      {
        onRecords: read => epochs.push(...read.map(({ position }) => position.epoch)),
        onBroken: () => undefined,
      },
      '',
    );
    const appendRecord = async (body: string): Promise<void> => {
      await eventually(WITHIN_MS, 'the record of the later version in the stream', async () => {
        const { kind } = await stream.append([body], epochs.at(-1) ?? 1);
        return kind === 'ok' ? true : undefined;
      });
    };
    await run({ stream, appendRecord });
  } finally {
    await store.close();
  }
}

/** Saves a snapshot as a server of a later version would: it reads the unknown entry as one without an effect. */
async function saveSnapshot(stream: ShardStream): Promise<void> {
  const later: LogFormat = {
    ...logFormats.newest,
    decodeEntry: value =>
      (value as { kind: string }).kind === 'seat-swapped'
        ? { kind: 'entry', entry: { kind: 'server-beat', at: 1, applied: '' } }
        : logFormats.newest.decodeEntry(value),
  };
  const formats = new LogFormats([logFormats.of(1), later]);
  const replica = createReplica('later', systemClock, stream, { settings: { formats } });
  await replica.findBlockingEntry();
  await stream.saveSnapshot(replica.position, encodeSnapshot(replica, formats));
  await replica.close();
}

/** Waits until the sessions of these members have ended so that the clients reconnect. */
async function expectSentAway(members: readonly Joined[]): Promise<void> {
  for (const { peer } of members) {
    const { bye } = await within(WITHIN_MS, 'the end of its session', peer.closed);
    expect(bye).toMatchObject({ code: 'UNAVAILABLE', retry: true });
  }
}

async function expectBlocked(server: ProcessServer, reason: RegExp): Promise<void> {
  await server.childProcess.event('cluster.blocked', undefined, WITHIN_MS);
  await untilReadiness(server, 503, WITHIN_MS);
  await expectReason(server.httpPort, reason);
}

async function expectReason(httpPort: number, expected: RegExp): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/readyz`);
  const { reason, cluster } = (await answer.json()) as { reason: string; cluster: Frame };
  expect([answer.status, cluster['state'], reason]).toEqual([503, 'blocked', expect.stringMatching(expected)]);
}
