import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  type ChildProcess,
  eventually,
  freePort,
  type LaunchedRedis,
  launchRedis,
  repository,
  startServer,
} from '@rankd/testkit';
import { Redis } from 'ioredis';
import { systemClock } from '../../../src/clock.js';
import type { ClusterLog } from '../../../src/cluster/cluster-log.js';
import { encodeSnapshot } from '../../../src/cluster/record-format.js';
import { formatPosition } from '../../../src/cluster/stream-position.js';
import { systemStreamEnvironment } from '../../../src/redis-stream/environment.js';
import { StreamStore } from '../../../src/redis-stream/stream-store.js';
import { type UnpackedRelease, unpackRelease } from '../../fixtures/releases.js';
import { createClusterLog, createReplica } from '../../unit/cluster/shard-fixture.js';
import { laterFormats } from '../../unit/cluster/test-formats.js';
import { joined } from '../../unit/core/reference/entries.js';

jest.setTimeout(90_000);

const WITHIN_MS = 20_000;
const SHARDS = 2;

/** A server in a process that does not necessarily listen. */
interface Started {
  readonly childProcess: ChildProcess;
  readonly httpPort: number;
}

let release: UnpackedRelease;
let redis: LaunchedRedis;
let client: Redis;
let store: StreamStore;
const started: Started[] = [];

beforeAll(async () => {
  release = await unpackRelease('bafb5bb');
  redis = await launchRedis({ args: ['--appendonly', 'yes'] });
  client = new Redis(redis.port, '127.0.0.1');
  store = openStore();
});
afterAll(async () => {
  await Promise.all(started.map(async ({ childProcess }) => await childProcess.dispose()));
  await store.close();
  client.disconnect();
  await redis.dispose();
  await release.dispose();
});

function openStore(): StreamStore {
  return new StreamStore(
    { url: redis.url, prefix: 'rankd', shards: SHARDS, ack: 'async' },
    {
      clock: systemClock,
      environment: systemStreamEnvironment,
      onConnectionState: () => undefined,
      onReconnected: () => undefined,
      onWarning: () => undefined,
    },
  );
}

async function start(folder: string): Promise<Started> {
  const httpPort = await freePort();
  const childProcess = startServer(folder, {
    RANKD_MODE: 'cluster',
    RANKD_SHARDS: String(SHARDS),
    RANKD_REDIS_URL: redis.url,
    RANKD_PORT: '0',
    RANKD_HTTP_PORT: String(httpPort),
  });
  started.push({ childProcess, httpPort });
  return { childProcess, httpPort };
}

/** The formats of the records of a shard, oldest first. */
async function formatsOf(shard: number): Promise<number[]> {
  const records = await client.xrange(`rankd:{s0${shard}}:log`, '-', '+');
  return records.map(([, fields]) => (JSON.parse(fields.at(-1) ?? '') as { v: number }).v);
}

async function readinessOf({ httpPort }: Started): Promise<{ status: number; reason?: string }> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/readyz`);
  return { status: answer.status, ...((await answer.json()) as { reason?: string }) };
}

/** Waits until this server has tried twice more to join. It has neither ended nor begun to accept members. */
async function expectStillWaiting({ childProcess, httpPort }: Started): Promise<void> {
  const tries = (): number => childProcess.lines.filter(line => line.includes('log.unusable')).length;
  const before = tries();
  await eventually(WITHIN_MS, 'two more attempts', () => (tries() >= before + 2 ? true : undefined));
  expect((await readinessOf({ childProcess, httpPort })).status).toBe(503);
  expect(childProcess.output).not.toContain('"listening"');
}

describe('a later version, whose entries an earlier one cannot read', () => {
  let later: ClusterLog;
  let old: Started;
  let present: Started;

  beforeAll(async () => {
    old = await start(release.folder);
    await old.childProcess.event('listening', undefined, WITHIN_MS);
    await store.prepare({ clusterId: 'later' });
    const streams = Array.from({ length: SHARDS }, (_, index) => store.shard(index));
    later = createClusterLog('later', systemClock, streams, { settings: { formats: laterFormats(2) } });
    await later.join();
  });
  afterAll(async () => {
    await later.close();
  });

  it('writes format 1 while a server of the previous release is in the cluster, and both apply it', async () => {
    later.append(joined('a', { group: 'g' }));
    await eventually(WITHIN_MS, 'the group', () => later.groups.get('g'));
    // Both servers send more heartbeats than the later one needs to raise the format.
    const records = (await formatsOf(0)).length;
    await eventually(WITHIN_MS, 'more heartbeats', async () =>
      (await formatsOf(0)).length >= records + 8 ? true : undefined,
    );
    expect(later.servers).toHaveLength(2);
    for (const shard of [0, 1]) expect(new Set(await formatsOf(shard))).toEqual(new Set([1]));
  });

  it('raises every shard at one place when the last server of the previous release has left', async () => {
    old.childProcess.kill('SIGTERM');
    await old.childProcess.exited;
    for (const shard of [0, 1]) {
      const formats = await eventually(WITHIN_MS, 'format 3', async () => {
        const all = await formatsOf(shard);
        return all.at(-1) === 3 ? all : undefined;
      });
      expect(formats).toEqual([...formats].sort());
    }
    // The server applies what it writes in the new format.
    later.append(joined('b', { group: 'g' }));
    await eventually(WITHIN_MS, 'the member', () => (later.groups.get('g')?.roster.size === 2 ? true : undefined));
  });

  it('makes earlier servers wait that come after that place: the previous release and this one', async () => {
    old = await start(release.folder);
    present = await start(repository);
    await expectStillWaiting(old);
    const { record, reason } = await present.childProcess.event('cluster.blocked', undefined, WITHIN_MS);
    expect([record, reason]).toEqual([expect.stringMatching(/^\d+-\d+$/), expect.stringContaining('format 3')]);
    expect(await readinessOf(present)).toMatchObject({ status: 503, reason: expect.stringContaining('format 3') });
  });

  it('makes them wait also if only snapshots of the new format are left', async () => {
    for (const index of [0, 1]) await keepOnlySnapshots(index);
    const again = await start(repository);
    await again.childProcess.event('cluster.blocked', undefined, WITHIN_MS);
    expect(await readinessOf(again)).toMatchObject({ status: 503, reason: expect.stringContaining('snapshot') });
    const older = await start(release.folder);
    await older.childProcess.event('log.unusable', undefined, WITHIN_MS);
    await expectStillWaiting(older);
    await expectStillWaiting(old);
    expect(present.childProcess.lines.filter(line => line.includes('cluster.blocked')).length).toBeLessThan(3);
  });
});

/** Stores two snapshots of a shard as a later version does, and removes the records before them. */
async function keepOnlySnapshots(index: number): Promise<void> {
  const other = openStore();
  try {
    await other.prepare({ clusterId: 'keeper' });
    const stream = other.shard(index);
    const formats = laterFormats(2);
    const replica = createReplica('keeper', systemClock, stream, { settings: { formats } });
    expect(await replica.findBlockingEntry()).toBeUndefined();
    const first = formatPosition(replica.position);
    await stream.saveSnapshot(replica.position, encodeSnapshot(replica, formats));
    await eventually(WITHIN_MS, 'another record', () =>
      formatPosition(replica.position) === first ? undefined : true,
    );
    await stream.saveSnapshot(replica.position, encodeSnapshot(replica, formats));
    await client.xtrim(`rankd:{s0${index}}:log`, 'MINID', first);
    await replica.close();
  } finally {
    await other.close();
  }
}
