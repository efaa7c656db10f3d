import { beforeEach, describe, expect, it } from '@jest/globals';
import { encodeBatch, encodeRecord } from '../../../src/cluster/record-format.js';
import type { ShardReplica } from '../../../src/cluster/shard-replica.js';
import type { RecordStream, StreamListener } from '../../../src/cluster/stream-port.js';
import type { Position } from '../../../src/cluster/stream-position.js';
import { FakeClock } from '../gateway/fake-clock.js';
import { createClusterLog, createReplica } from './shard-fixture.js';

/** The stream of one server: it returns appended records at once while `echoes` is true. */
class EchoStream implements RecordStream {
  readonly snapshots: number[] = [];
  readonly lastRead = undefined;
  echoes = true;
  #listener: StreamListener | undefined;
  #seq = -1;

  async open(listener: StreamListener, genesis: string): Promise<{ snapshot: undefined }> {
    this.#listener = listener;
    await this.append([genesis]);
    return { snapshot: undefined };
  }

  append(bodies: readonly string[]): Promise<{ kind: 'ok' }> {
    if (this.echoes) {
      const records = bodies.map(body => {
        this.#seq += 1;
        return { position: { epoch: 1, seq: this.#seq }, body };
      });
      this.#listener?.onRecords(records);
    }
    return Promise.resolve({ kind: 'ok' });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  readEndPosition(): Promise<Position> {
    return Promise.resolve({ epoch: 1, seq: this.#seq });
  }

  containsRecord(): Promise<boolean> {
    return Promise.resolve(true);
  }

  beginEpoch(): Promise<{ kind: 'fenced' }> {
    return Promise.resolve({ kind: 'fenced' });
  }

  saveSnapshot({ seq }: { seq: number }): Promise<void> {
    this.snapshots.push(seq);
    return Promise.resolve();
  }

  trim(): Promise<void> {
    return Promise.resolve();
  }
}

let clock: FakeClock;
let stream: EchoStream;
beforeEach(() => {
  [clock, stream] = [new FakeClock(), new EchoStream()];
});

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

async function entered(): Promise<ShardReplica> {
  const log = createReplica('a', clock, stream);
  const entering = log.join();
  await settled();
  clock.pass(0);
  await entering;
  return log;
}

async function beat(log: ShardReplica): Promise<void> {
  log.sendHeartbeat();
  clock.pass(0);
  await settled();
}

describe('a snapshot of the order', () => {
  it('is stored after 50,000 entries, and not after 49,999 (SNAPSHOT_ENTRIES)', async () => {
    const log = await entered();
    // The sender is unknown, so these entries have no effect but count. A record without entries counts as one.
    const parcel = encodeBatch(
      'stranger',
      1,
      Array.from({ length: 100 }, () => '{"kind":"server-left","at":1}'),
    );
    await stream.append(Array.from({ length: 499 }, () => parcel));
    // The stream also holds the genesis record and `server-up`. The entry of a heartbeat counts for the next snapshot.
    await stream.append(Array.from({ length: 97 }, () => encodeRecord({ kind: 'epoch' })));
    await beat(log);
    expect(stream.snapshots).toEqual([]);
    await beat(log);
    expect(stream.snapshots).toEqual([598]);
  });

  it('is stored 60 s after the previous one if there are new entries (SNAPSHOT_MS)', async () => {
    const log = await entered();
    for (const kept of [0, 1]) {
      clock.pass(59_999);
      await beat(log);
      expect(stream.snapshots).toHaveLength(kept);
      clock.pass(1);
      await beat(log);
      expect(stream.snapshots).toHaveLength(kept + 1);
    }
  });
});

it('a server that leaves waits at most 1 s to read back its server-left entry (LEAVE_MS)', async () => {
  const log = createClusterLog('a', clock, [stream]);
  const entering = log.join();
  await settled();
  clock.pass(0);
  await entering;
  stream.echoes = false;
  let hasLeft = false;
  void log.leave().then(() => (hasLeft = true));
  for (let passedMs = 0; passedMs < 1000; passedMs += 10) {
    await settled();
    expect([passedMs, hasLeft]).toEqual([passedMs, false]);
    clock.pass(10);
  }
  await settled();
  expect(hasLeft).toBe(true);
});
