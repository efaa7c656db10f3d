import { expect, it, jest } from '@jest/globals';
import { at, eventually, resumeOf, within } from '@rankd/testkit';
import { Redis } from 'ioredis';
import { systemClock } from '../../../src/clock.js';
import { shardOf } from '../../../src/cluster/shard-placement.js';
import { formatPosition } from '../../../src/cluster/stream-position.js';
import { systemStreamEnvironment } from '../../../src/redis-stream/environment.js';
import { StreamStore } from '../../../src/redis-stream/stream-store.js';
import { createReplica } from '../../unit/cluster/shard-fixture.js';
import { type ClusterFixture, inCluster, untilReadiness } from './cluster-fixture.js';

jest.setTimeout(90_000);

const WITHIN_MS = 20_000;

function groupInShard(fixture: ClusterFixture, shard: number): string {
  for (;;) {
    const group = fixture.freshGroup();
    if (shardOf(group, 2) === shard) return group;
  }
}

/**
 * Does what a server does after a minute or 50,000 entries: follows the first shard and stores two snapshots of it.
 * Returns the position of the older snapshot. No earlier record is needed any more.
 */
async function keepSnapshots(url: string): Promise<string> {
  const store = new StreamStore(
    { url, prefix: 'rankd', shards: 2, ack: 'async' },
    {
      clock: systemClock,
      environment: systemStreamEnvironment,
      onConnectionState: () => undefined,
      onReconnected: () => undefined,
      onWarning: () => undefined,
    },
  );
  await store.prepare({ clusterId: 'known' });
  const stream = store.shard(0);
  const log = createReplica('keeper', systemClock, stream);
  try {
    await log.join();
    const older = formatPosition(log.position);
    for (let count = 0; count < 2; count += 1) {
      const { position, coordinator, registry } = log;
      const { limits } = coordinator;
      const state = { v: 1, rules: limits, servers: registry.servers, coordinator: coordinator.snapshot() };
      await stream.saveSnapshot(position, JSON.stringify(state));
      log.sendHeartbeat();
      await eventually(WITHIN_MS, 'the record of its heartbeat', () => (log.position === position ? undefined : true));
    }
    return older;
  } finally {
    await log.close();
    await store.close();
  }
}

it('K7 a server whose unread records were trimmed starts from a snapshot, and its members keep their ranks', async () => {
  await inCluster([2], async fixture => {
    const group = groupInShard(fixture, 0);
    const members = await fixture.joinInTurn(4, group);
    const proxy = at(fixture.proxies, 1);
    proxy.treat('toClient', 'drop');
    const needed = await keepSnapshots(fixture.redis.url);
    const redis = new Redis(fixture.redis.port, '127.0.0.1');
    try {
      expect(await redis.xtrim('rankd:{s00}:log', 'MINID', needed)).toBeGreaterThan(5);
    } finally {
      redis.disconnect();
    }
    proxy.treat('toClient', 'pass');
    proxy.reset();
    const slow = [at(members, 1), at(members, 3)];
    for (const { peer } of slow) {
      expect((await within(WITHIN_MS, 'its bye', peer.closed)).bye).toMatchObject({ code: 'UNAVAILABLE' });
    }
    // On a busy machine the server may receive nothing for 5 s, which then is the reason.
    const { why } = await fixture.server(1).childProcess.event('cluster.over', undefined, WITHIN_MS);
    expect(why).toMatch(/^(trimmed|unheard)$/);
    await untilReadiness(fixture.server(1), 200, WITHIN_MS);
    const back = await Promise.all(
      slow.map(async member => await fixture.server(1).join({ group, resume: resumeOf(member) })),
    );
    expect(back.map(({ id, welcome }) => [id, welcome['rank'], welcome['resumed']])).toEqual(
      slow.map(({ id, welcome }) => [id, welcome['rank'], true]),
    );
    // The epoch is the same, so the server repeats nothing: the order continues.
    expect(at(back, 0).welcome['epoch']).toBe(at(members, 0).welcome['epoch']);
  });
});
