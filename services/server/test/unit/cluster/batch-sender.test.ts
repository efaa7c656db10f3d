import { beforeEach, describe, expect, it } from '@jest/globals';
import { BatchSender } from '../../../src/cluster/batch-sender.js';
import { formatOne } from '../../../src/cluster/formats/format-one.js';
import type { AppendResult } from '../../../src/cluster/stream-port.js';
import type { Batch, Entry, ServerEntry } from '../../../src/core/index.js';
import { FakeClock } from '../gateway/fake-clock.js';

const entry: ServerEntry = { kind: 'server-left', at: 1 };
const expired: Entry = { kind: 'expired', group: 'default', at: 1, epoch: 1, seq: 1 };

let clock: FakeClock;
/** The batches that were sent, and the callbacks that answer each attempt. */
let sent: Batch[];
let answers: ((outcome: AppendResult) => void)[];
let acks: number;
let outgoing: BatchSender;
let begun: 'no' | 'yes';

beforeEach(() => {
  [clock, sent, answers, acks] = [new FakeClock(), [], [], 0];
  begun = 'no';
  outgoing = new BatchSender('a', 0, {
    clock,
    formatFor: () => formatOne,
    append: async body => {
      sent.push(JSON.parse(body) as Batch);
      return await new Promise(resolve => answers.push(resolve));
    },
    listener: { onAcked: () => (acks += 1) },
  });
});

async function answer(outcome: AppendResult): Promise<void> {
  answers.shift()?.(outcome);
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

/** Appends this many entries. The first call also starts the sender. */
const append = (count: number): void => {
  outgoing.start(entry);
  for (let each = begun === 'no' ? 1 : 0; each < count; each += 1) outgoing.append(entry);
  begun = 'yes';
};

describe('entries that a server appends to the shared order', () => {
  it('share a batch of at most 256 entries, and the next batch waits for the previous one', async () => {
    append(257);
    clock.pass(0);
    expect(sent.map(({ n, entries }) => [n, entries.length])).toEqual([[1, 256]]);
    await answer({ kind: 'ok' });
    expect(sent).toHaveLength(1);
    outgoing.recordReadBack(1);
    expect(sent.map(({ n, entries }) => [n, entries.length])).toEqual([
      [1, 256],
      [2, 1],
    ]);
  });

  it('wait for the server’s first entry, which is sent before them', () => {
    outgoing.append(entry);
    clock.pass(0);
    expect(sent).toEqual([]);
    const beat: ServerEntry = { kind: 'server-beat', at: 2, applied: '1-0' };
    outgoing.start(beat);
    clock.pass(0);
    expect(sent.map(({ n, entries }) => [n, entries])).toEqual([[1, [beat, entry]]]);
  });

  it('start a new batch when one more entry would exceed 256 Ki characters (BATCH_CHARS_MAX)', async () => {
    // The limit counts the length of all entries as JSON.
    const named = (chars: number): ServerEntry => {
      const empty: ServerEntry = { kind: 'server-beat', at: 1, applied: '' };
      return { ...empty, applied: 'x'.repeat(chars - JSON.stringify(empty).length) };
    };
    outgoing.start(named(131_072));
    for (const chars of [131_072, 131_072, 131_073]) outgoing.append(named(chars));
    clock.pass(0);
    await answer({ kind: 'ok' });
    outgoing.recordReadBack(1);
    await answer({ kind: 'ok' });
    outgoing.recordReadBack(2);
    expect(sent.map(({ entries }) => entries.length)).toEqual([2, 1, 1]);
  });

  it('K5 are sent again if they were acknowledged and never read back: the primary lost them', async () => {
    append(1);
    clock.pass(0);
    await answer({ kind: 'ok' });
    clock.pass(2499);
    expect(sent.map(({ n }) => n)).toEqual([1]);
    clock.pass(1);
    expect(sent.map(({ n }) => n)).toEqual([1, 1]);
    await answer({ kind: 'ok' });
    outgoing.recordReadBack(1);
    clock.pass(10_000);
    expect(sent).toHaveLength(2);
  });

  it('K8 are sent again, under the same batch number, until the append is acknowledged', async () => {
    append(1);
    clock.pass(0);
    await answer({ kind: 'unknown', reason: 'lost' });
    clock.pass(20);
    await answer({ kind: 'fenced' });
    clock.pass(39);
    expect(sent).toHaveLength(2);
    clock.pass(1);
    await answer({ kind: 'refused', reason: 'READONLY' });
    clock.pass(80);
    expect(sent.map(({ n }) => n)).toEqual([1, 1, 1, 1]);
    await answer({ kind: 'ok' });
    expect([acks, outgoing.isUnacked(1)]).toEqual([1, false]);
  });

  it('count as stored only when the append is acknowledged, even if they were read back before', async () => {
    append(1);
    clock.pass(0);
    outgoing.recordReadBack(1);
    expect(outgoing.isUnacked(1)).toBe(true);
    append(1);
    clock.pass(0);
    expect(sent).toHaveLength(1);
    await answer({ kind: 'ok' });
    expect(sent.map(({ n }) => n)).toEqual([1, 2]);
  });

  it('include a heartbeat in the next batch, behind any number of entries', async () => {
    append(1);
    for (let n = 0; n < 100_000; n += 1) outgoing.append(expired);
    clock.pass(0);
    outgoing.append({ kind: 'server-beat', at: 2, applied: '1-0' });
    await answer({ kind: 'ok' });
    outgoing.recordReadBack(1);
    expect(sent[1]?.entries.at(-1)?.kind).toBe('server-beat');
  });

  it('show how long this server takes until it reads them back, even if it is too busy to read the acknowledgement', async () => {
    append(1);
    clock.pass(0);
    clock.pass(700);
    expect(outgoing.readBackMs).toBe(700);
    await answer({ kind: 'ok' });
    outgoing.recordReadBack(1);
    append(1);
    clock.pass(0);
    expect(outgoing.readBackMs).toBe(700);
    await answer({ kind: 'ok' });
    clock.pass(20);
    outgoing.recordReadBack(2);
    clock.pass(5000);
    expect(outgoing.readBackMs).toBe(20);
  });

  it('are no longer sent after the sender is closed', async () => {
    append(2);
    clock.pass(0);
    outgoing.close();
    await answer({ kind: 'unknown', reason: 'closed' });
    append(1);
    clock.pass(1000);
    expect(sent).toHaveLength(1);
  });
});
