import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { launchRedis, type LaunchedRedis } from '@rankd/testkit';
import { systemClock } from '../../../src/clock.js';
import { Coordinator } from '../../../src/core/index.js';
import { ClusterLog, type ClusterLogPorts } from '../../../src/log/cluster-log.js';
import { LocalLog } from '../../../src/log/local-log.js';
import type { RecordStream } from '../../../src/log/shard-log.js';
import { StreamStore } from '../../../src/log/stream/stream-store.js';
import { rulesOf, sessionNamed } from '../../unit/core/entries.js';
import { keepsTheOrder, type LogUnderTest } from './ordered-log-conformance.js';

jest.setTimeout(30_000);

function portsOf(server: string, over: (why: string) => void): Omit<ClusterLogPorts, 'streams'> {
  return {
    clock: systemClock,
    server,
    replaces: undefined,
    name: server,
    rules: rulesOf(),
    epochLast: 0,
    holdsUntilAcked: false,
    wrote: () => undefined,
    over,
  };
}

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

  async function enter(prefix: string, server: string): Promise<ClusterLog> {
    const store = new StreamStore(
      { url: redis.url, prefix, shards: 2, ack: 'async' },
      { clock: systemClock, connection: () => undefined, warning: () => undefined },
    );
    await store.prepare({ clusterId: 'c' });
    const streams = [0, 1].map(index => store.shard(index));
    const log = new ClusterLog({ ...portsOf(server, () => undefined), streams });
    ended.push(async () => {
      await log.close();
      await store.close();
    });
    await log.enter();
    return log;
  }

  it('is not waited for where it breaks while a server enters it', async () => {
    const broken: RecordStream = {
      open: listener => {
        setImmediate(() => listener.broken('rewritten'));
        return Promise.resolve({ snapshot: undefined });
      },
      append: () => Promise.resolve({ kind: 'refused', reason: 'broken' }),
      beginEpoch: () => Promise.resolve({ kind: 'fenced' }),
      saveSnapshot: () => Promise.resolve(),
      trim: () => Promise.resolve(),
    };
    const reasons: string[] = [];
    const log = new ClusterLog({ ...portsOf('one', why => reasons.push(why)), streams: [broken] });
    await expect(log.enter()).rejects.toMatchObject({ fault: 'unavailable' });
    expect([reasons, log.isCurrent()]).toEqual([['rewritten'], false]);
  });

  keepsTheOrder(async (): Promise<LogUnderTest> => {
    stores += 1;
    const prefix = `rankd${stores}`;
    const [log, other] = [await enter(prefix, 'one'), await enter(prefix, 'two')];
    return { log, other, sessionOf: id => `one/${id}` };
  });
});
