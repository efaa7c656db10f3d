import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, type LaunchedRedis, launchRedis } from '@rankd/testkit';
import { systemClock } from '../../../src/clock.js';
import type { ClusterLog } from '../../../src/cluster/cluster-log.js';
import type { RecordStream } from '../../../src/cluster/stream-port.js';
import { Coordinator } from '../../../src/core/index.js';
import { LocalLog } from '../../../src/log/local-log.js';
import { systemStreamEnvironment } from '../../../src/redis-stream/environment.js';
import { StreamStore } from '../../../src/redis-stream/stream-store.js';
import { type ClusterLogOptions, createClusterLog } from '../../unit/cluster/shard-fixture.js';
import { joined, rulesOf, sessionNamed } from '../../unit/core/reference/entries.js';
import { keepsTheOrder, type LogUnderTest } from './ordered-log-conformance.js';

jest.setTimeout(30_000);

/** How long a step of some ms may take on a busy machine. */
const SOON_MS = 10_000;

describe('the order of one server', () => {
  keepsTheOrder(() => {
    const log = new LocalLog(new Coordinator(rulesOf()));
    return Promise.resolve({ log, other: undefined, sessionOf: sessionNamed });
  });
});

describe('the order of a cluster, in Redis', () => {
  const ended: (() => Promise<void>)[] = [];
  let redis: LaunchedRedis;
  let stores = 0;

  beforeAll(async () => {
    redis = await launchRedis();
  });
  afterEach(async () => {
    await Promise.all(ended.splice(0).map(async end => await end()));
  });
  afterAll(async () => {
    await redis.dispose();
  });

  async function enter(prefix: string, server: string, own: ClusterLogOptions = {}): Promise<ClusterLog> {
    const store = new StreamStore(
      { url: redis.url, prefix, shards: 2, ack: 'async' },
      {
        clock: systemClock,
        environment: systemStreamEnvironment,
        onConnectionState: () => undefined,
        onReconnected: () => undefined,
        onWarning: () => undefined,
      },
    );
    await store.prepare({ clusterId: 'c' });
    const streams = [0, 1].map(index => store.shard(index));
    const log = createClusterLog(server, systemClock, streams, own);
    ended.push(async () => {
      await log.close();
      await store.close();
    });
    await log.join();
    return log;
  }

  it('does not delay a server when it breaks during its join', async () => {
    const broken: RecordStream = {
      open: listener => {
        setImmediate(() => listener.onBroken('rewritten'));
        return Promise.resolve({ snapshot: undefined });
      },
      append: () => Promise.resolve({ kind: 'refused', reason: 'broken' }),
      beginEpoch: () => Promise.resolve({ kind: 'fenced' }),
      saveSnapshot: () => Promise.resolve(),
      trim: () => Promise.resolve(),
      close: () => Promise.resolve(),
      lastRead: undefined,
      readEndPosition: () => Promise.resolve(undefined),
      containsRecord: () => Promise.resolve(true),
    };
    const reasons: unknown[] = [];
    const log = createClusterLog('one', systemClock, [broken], {
      listener: { onIncarnationEnd: why => reasons.push(why) },
    });
    await expect(log.join()).rejects.toMatchObject({ fault: 'unavailable' });
    expect([reasons, log.isCurrent()]).toEqual([['rewritten'], false]);
  });

  it('K5 ends the incarnation of a server when another server reports that Redis has lost records, even if this one had not read them', async () => {
    const ends: unknown[] = [];
    const one = await enter('rankd-lost', 'one', { listener: { onIncarnationEnd: why => ends.push(why) } });
    one.append(joined('a', { group: 'g', at: Date.now() }));
    const epoch = await eventually(SOON_MS, 'the group', () => one.groups.get('g')?.epoch);
    const last = { position: { epoch: 1, seq: 1_000_000 }, mark: 'gone' };
    const lost = { server: 'two before', last, epochLast: epoch, epochLost: 0, lastBatch: 9 };
    const two = await enter('rankd-lost', 'two', { resumePoint: [lost, lost] });
    await eventually(SOON_MS, 'the end of the incarnation', () => (ends.length > 0 ? true : undefined));
    expect(ends).toEqual(['rewritten']);
    const group = two.groups.get('g');
    expect(group?.epoch).toBeGreaterThan(epoch);
    expect(group?.roster.slice().map(({ id, presence }) => [id, presence.kind])).toEqual([['a', 'away']]);
    // The server returns with a resume point that is all in the stream, so no further epoch begins.
    const again = await enter('rankd-lost', 'one again', { resumePoint: one.resumePoint });
    expect(again.groups.get('g')?.epoch).toBe(group?.epoch);
  });

  keepsTheOrder(async (): Promise<LogUnderTest> => {
    stores += 1;
    const prefix = `rankd${stores}`;
    const [log, other] = [await enter(prefix, 'one'), await enter(prefix, 'two')];
    return { log, other, sessionOf: id => `one/${id}` };
  });
});
