import { beforeEach, describe, expect, it } from '@jest/globals';
import { portsWithoutEffects } from '../../../../src/cluster/blocked/shard-trial.js';
import { encodeRecord } from '../../../../src/cluster/record-format.js';
import { JOIN_MS, LEAVE_SHARD_MS, type ShardReplica } from '../../../../src/cluster/shard-replica.js';
import { ShardSubscription } from '../../../../src/cluster/shard-subscription.js';
import { StreamError } from '../../../../src/cluster/stream-error.js';
import type { AppendResult, RecordStream, StreamListener } from '../../../../src/cluster/stream-port.js';
import type { Position } from '../../../../src/cluster/stream-position.js';
import { CATCH_UP_STALLED_MS, END_AGAIN_MS } from '../../../../src/cluster/waits/catch-up.js';
import { FakeClock } from '../../gateway/fake-clock.js';
import { createReplica, settingsOf } from '../shard-fixture.js';

/** A stream whose primary can be lost: what readers receive, and the end that it reports, are set by the test. */
class LossyStream implements RecordStream {
  readonly lastRead = undefined;
  /** The end that the stream reports. */
  end: Position = { epoch: 1, seq: 0 };
  /** Whether an append is read back. */
  appends: 'read back' | 'lost' | 'refused' = 'read back';
  endReads = 0;
  readonly appended: string[] = [];
  #listener: StreamListener | undefined;
  #seq = 0;

  open(listener: StreamListener, genesis: string): Promise<{ snapshot: undefined }> {
    this.#listener = listener;
    listener.onRecords([{ position: { epoch: 1, seq: 0 }, body: genesis }]);
    this.#seq = 0;
    return Promise.resolve({ snapshot: undefined });
  }

  /** The reader receives records without content. */
  deliver(count = 1): void {
    for (let left = count; left > 0; left -= 1) this.#deliverRecord(encodeRecord({ kind: 'epoch' }));
  }

  #deliverRecord(body: string): void {
    this.#seq += 1;
    this.#listener?.onRecords([{ position: { epoch: 1, seq: this.#seq }, body }]);
  }

  append([body = '']: readonly string[]): Promise<AppendResult> {
    this.appended.push(body);
    if (this.appends === 'refused') return Promise.resolve({ kind: 'refused', reason: 'READONLY' });
    if (this.appends === 'read back') this.#deliverRecord(body);
    return Promise.resolve({ kind: 'ok' });
  }

  readEndPosition(): Promise<Position> {
    this.endReads += 1;
    return Promise.resolve(this.end);
  }

  close = (): Promise<void> => Promise.resolve();
  containsRecord = (): Promise<boolean> => Promise.resolve(true);
  beginEpoch = (): Promise<AppendResult> => Promise.resolve({ kind: 'fenced' });
  saveSnapshot = (): Promise<void> => Promise.resolve();
  trim = (): Promise<void> => Promise.resolve();
}

let clock: FakeClock;
let stream: LossyStream;
beforeEach(() => {
  [clock, stream] = [new FakeClock(), new LossyStream()];
});

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    clock.pass(Math.min(100, left));
    await settled();
  }
}

/** Starts to join. `result` is undefined while the attempt lasts. */
function join(replica: ShardReplica): { result: 'joined' | Error | undefined } {
  const joining: { result: 'joined' | Error | undefined } = { result: undefined };
  replica.join().then(
    () => (joining.result = 'joined'),
    (error: unknown) => (joining.result = error as Error),
  );
  return joining;
}

describe('A server that reads up to an end that was lost with the primary', () => {
  it('looks at the end again, and joins', async () => {
    stream.end = { epoch: 1, seq: 7 };
    const replica = createReplica('a', clock, stream);
    const joining = join(replica);
    await settled();
    stream.deliver(4);
    await settled();
    expect([joining.result, replica.waitsFor]).toEqual([undefined, 'it has read up to record 1-4 of 1-7']);
    stream.end = { epoch: 1, seq: 4 };
    await pass(2 * END_AGAIN_MS + 200);
    expect(joining.result).toBe('joined');
  });

  it('joins if the stream has no record at all any longer', async () => {
    stream.end = { epoch: 1, seq: 7 };
    const joining = join(createReplica('a', clock, stream));
    await settled();
    stream.readEndPosition = () => Promise.resolve(undefined as unknown as Position);
    await pass(END_AGAIN_MS + 200);
    expect(joining.result).toBe('joined');
  });

  it('gives up if no record arrives, with the reason', async () => {
    stream.end = { epoch: 1, seq: 7 };
    const joining = join(createReplica('a', clock, stream));
    await settled();
    await pass(CATCH_UP_STALLED_MS - 100);
    expect(joining.result).toBeUndefined();
    await pass(END_AGAIN_MS);
    expect(joining.result).toMatchObject({
      fault: 'unavailable',
      message: `no record after 1-0 has arrived for ${CATCH_UP_STALLED_MS} ms, and the stream ends at 1-7`,
    });
  });

  it('does not give up while records arrive, however long it takes, and ignores later ends', async () => {
    stream.end = { epoch: 1, seq: 60 };
    const joining = join(createReplica('a', clock, stream));
    for (let seq = 1; seq <= 30; seq += 1) {
      await pass(END_AGAIN_MS);
      stream.end = { epoch: 1, seq: 60 + seq };
      stream.deliver(2);
      expect([seq, joining.result]).toEqual([seq, undefined]);
    }
    await pass(200);
    expect(joining.result).toBe('joined');
  });

  it('does not fail at once if the end cannot be read again', async () => {
    stream.end = { epoch: 1, seq: 7 };
    const joining = join(createReplica('a', clock, stream));
    await settled();
    stream.readEndPosition = () => Promise.reject(new StreamError('unavailable', 'Redis is not connected'));
    await pass(3000);
    expect(joining.result).toBeUndefined();
    stream.deliver(7);
    await pass(200);
    expect(joining.result).toBe('joined');
  });
});

describe('A server that does not read back its join', () => {
  it.each(['lost', 'refused'] as const)('gives up when its appends are %s, with the reason', async appends => {
    stream.appends = appends;
    const replica = createReplica('a', clock, stream);
    const joining = join(replica);
    await settled();
    expect(replica.waitsFor).toBe('it has not read back its join');
    await pass(JOIN_MS - 100);
    expect(joining.result).toBeUndefined();
    await pass(200);
    const reason = appends === 'refused' ? 'READONLY' : 'Redis has confirmed it';
    expect(joining.result).toMatchObject({
      fault: 'unavailable',
      message: `this server has not read back its join within ${JOIN_MS} ms: ${reason}`,
    });
  });

  it('tries again under the next number, because other servers may have read the first batch', async () => {
    const reports: string[] = [];
    const ports = portsWithoutEffects(clock, stream);
    const subscription = new ShardSubscription(settingsOf('a'), undefined, {
      ...ports,
      listener: {
        ...ports.listener,
        onGroupsUnloaded: () => undefined,
        onFollowed: () => reports.push('followed'),
        onUnusable: reason => reports.push(reason),
      },
    });
    stream.appends = 'lost';
    subscription.follow();
    await pass(JOIN_MS + 200);
    expect(reports).toEqual([expect.stringContaining('has not read back its join')]);
    expect(subscription.waitsFor).toBeUndefined();
    stream.appends = 'read back';
    subscription.follow();
    await pass(200);
    expect(reports.at(-1)).toBe('followed');
    expect(stream.appended.map(body => (JSON.parse(body) as { n: number }).n)).toEqual([1, 1, 1, 1, 2]);
  });
});

describe('A server that does not read back that it leaves a shard', () => {
  it('stops following the shard after a time limit', async () => {
    const replica = createReplica('a', clock, stream);
    const joining = join(replica);
    await pass(200);
    expect(joining.result).toBe('joined');
    stream.appends = 'lost';
    let left = false;
    void replica.leave().then(() => (left = true));
    await pass(LEAVE_SHARD_MS - 100);
    expect(left).toBe(false);
    await pass(200);
    expect(left).toBe(true);
  });
});
