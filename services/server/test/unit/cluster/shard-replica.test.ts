import { beforeEach, describe, expect, it } from '@jest/globals';
import { encodeBatch, encodeRecord } from '../../../src/cluster/record-format.js';
import type { ShardReplica } from '../../../src/cluster/shard-replica.js';
import type { AppendResult, RecordStream, StreamListener } from '../../../src/cluster/stream-port.js';
import { type Batch, Coordinator, type Entry, type ServerEntry } from '../../../src/core/index.js';
import { goodbye, joined, newcomer, rulesOf } from '../core/reference/entries.js';
import { FakeClock } from '../gateway/fake-clock.js';
import { createReplica } from './shard-fixture.js';

const up: ServerEntry = {
  kind: 'server-up',
  at: 1,
  name: 'other',
  since: 1,
  rules: rulesOf(),
  replaces: undefined,
  epochLost: undefined,
};

/** A stream that answers as the test prescribes. */
class ScriptedStream implements RecordStream {
  readonly appended: { readonly epoch: number; readonly parcel: Batch }[] = [];
  outcome: AppendResult = { kind: 'ok' };
  snapshot: { readonly position: { readonly epoch: number; readonly seq: number }; readonly text: string } | undefined;
  #listener: StreamListener | undefined;

  readonly lastRead = undefined;

  async open(listener: StreamListener): Promise<{ snapshot: ScriptedStream['snapshot'] }> {
    this.#listener = listener;
    return await Promise.resolve({ snapshot: this.snapshot });
  }

  async append([body = '']: readonly string[], epoch: number): Promise<AppendResult> {
    this.appended.push({ epoch, parcel: JSON.parse(body) as Batch });
    return await Promise.resolve(this.outcome);
  }

  endsAt: { readonly epoch: number; readonly seq: number } | undefined;
  readEndPosition = async (): Promise<ScriptedStream['endsAt']> => await Promise.resolve(this.endsAt);
  close = async (): Promise<void> => await Promise.resolve();
  containsRecord = async (): Promise<boolean> => await Promise.resolve(true);
  beginEpoch = async (): Promise<AppendResult> => await Promise.resolve({ kind: 'fenced' });
  saveSnapshot = async (): Promise<void> => await Promise.resolve();
  trim = async (): Promise<void> => await Promise.resolve();

  deliverRecord(epoch: number, seq: number, body: string): void {
    this.#listener?.onRecords([{ position: { epoch, seq }, body }]);
  }
}

const parcelOf = (from: string, n: number, ...entries: (Entry | ServerEntry)[]): string =>
  encodeBatch(
    from,
    n,
    entries.map(entry => JSON.stringify(entry)),
  );

let clock: FakeClock;
let stream: ScriptedStream;
/** The kinds of the applied entries, and the groups that were found. */
let performed: string[];
let found: string[];

beforeEach(() => {
  [clock, stream, performed, found] = [new FakeClock(), new ScriptedStream(), [], []];
});

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** Creates a replica that has announced its server. */
async function entering(holdsUntilAcked: boolean): Promise<ShardReplica> {
  const log = createReplica('own', clock, stream, {
    settings: { holdsUntilAcked },
    listener: {
      onApplied: ({ kind }) => performed.push(kind),
      onGroupLoaded: ({ name }) => found.push(name),
      onIncarnationEnd: why => performed.push(typeof why === 'object' ? why.reason : why),
    },
  });
  void log.join();
  await turns();
  clock.pass(0);
  await turns();
  return log;
}

describe('the order of one shard', () => {
  it('K8 sends again in the epoch that was read last, even if its own entries are not yet confirmed', async () => {
    stream.outcome = { kind: 'unknown', reason: 'no replica has confirmed it' };
    await entering(true);
    const [first] = stream.appended;
    stream.deliverRecord(1, 1, parcelOf('own', 1, ...(first?.parcel.entries ?? [])));
    stream.deliverRecord(2, 0, encodeRecord({ kind: 'epoch' }));
    clock.pass(20);
    await turns();
    expect(stream.appended.map(({ epoch, parcel }) => [epoch, parcel.n])).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it('performs no effects of records from before it started: other servers performed them', async () => {
    stream.endsAt = { epoch: 1, seq: 2 };
    await entering(false);
    stream.deliverRecord(
      1,
      1,
      parcelOf('other', 1, up, joined('a', { newcomer: newcomer('a', { session: 'other/s1' }) })),
    );
    await turns();
    expect([found, performed, stream.appended]).toEqual([[], [], []]);
    stream.deliverRecord(1, 2, parcelOf('other', 2, joined('b', { newcomer: newcomer('b', { session: 'other/s2' }) })));
    await turns();
    clock.pass(0);
    await turns();
    expect([found, performed]).toEqual([['default'], []]);
    expect(stream.appended.map(({ parcel }) => parcel.entries.map(({ kind }) => kind))).toEqual([['server-up']]);
    stream.deliverRecord(1, 3, parcelOf('other', 3, goodbye('b', { session: 'other/s2' })));
    expect(performed).toEqual(['departed']);
  });

  it('reports the groups of a snapshot before it applies the first entry, which may remove a group', async () => {
    const coordinator = new Coordinator(rulesOf(), 0);
    coordinator.apply(joined('a', { newcomer: newcomer('a', { session: 'other/s1' }) }));
    const text = JSON.stringify({ v: 1, rules: rulesOf(), servers: [], coordinator: coordinator.snapshot() });
    stream.snapshot = { position: { epoch: 1, seq: 4 }, text };
    await entering(false);
    expect([found, performed]).toEqual([['default'], []]);
    stream.deliverRecord(1, 5, parcelOf('other', 1, up, goodbye('a', { session: 'other/s1' })));
    expect(performed).toEqual(['departed']);
  });

  it('performs no effects of records behind its own server-left entry: other servers do', async () => {
    const log = await entering(false);
    stream.deliverRecord(1, 1, parcelOf('own', 1, ...(stream.appended[0]?.parcel.entries ?? [])));
    stream.deliverRecord(
      1,
      2,
      parcelOf('other', 1, up, joined('a', { newcomer: newcomer('a', { session: 'own/s1' }) })),
    );
    log.append({ kind: 'server-left', at: 1 });
    stream.deliverRecord(1, 3, parcelOf('own', 2, { kind: 'server-left', at: 1 }));
    expect(performed).toEqual(['joined', 'server-gone']);
    stream.deliverRecord(1, 4, parcelOf('other', 2, joined('b', { newcomer: newcomer('b', { session: 'other/s2' }) })));
    expect(performed).toEqual(['joined', 'server-gone']);
  });
});
