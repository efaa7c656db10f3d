import { beforeEach, describe, expect, it } from '@jest/globals';
import { BatchSender, ENTRIES_WAITING_MAX } from '../../../src/cluster/batch-sender.js';
import type { AppendResult } from '../../../src/cluster/stream-port.js';
import type { Batch, ServerEntry } from '../../../src/core/index.js';
import { FakeClock } from '../gateway/fake-clock.js';

const entry: ServerEntry = { kind: 'server-left', at: 1 };

let clock: FakeClock;
/** What was sent, and how each attempt is answered. */
let sent: Batch[];
let answers: ((outcome: AppendResult) => void)[];
let acks: number;
let overfull: number;
let outgoing: BatchSender;
let begun: 'no' | 'yes';

beforeEach(() => {
  [clock, sent, answers, acks, overfull] = [new FakeClock(), [], [], 0, 0];
  begun = 'no';
  outgoing = new BatchSender('a', 0, {
    clock,
    append: async body => {
      sent.push(JSON.parse(body) as Batch);
      return await new Promise(resolve => answers.push(resolve));
    },
    listener: { onAcked: () => (acks += 1), onOverfull: () => (overfull += 1) },
  });
});

async function answer(outcome: AppendResult): Promise<void> {
  answers.shift()?.(outcome);
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

/** So many more; the first of all lets them go. */
const append = (count: number): void => {
  outgoing.start(entry);
  for (let each = begun === 'no' ? 1 : 0; each < count; each += 1) outgoing.append(entry);
  begun = 'yes';
};

describe('what a server puts into the shared order', () => {
  it('goes together where it came together, at most 256 entries at once, one parcel after the other', async () => {
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

  it('waits until the server comes, which goes ahead of all that waits', () => {
    outgoing.append(entry);
    clock.pass(0);
    expect(sent).toEqual([]);
    const beat: ServerEntry = { kind: 'server-beat', at: 2, applied: '1-0' };
    outgoing.start(beat);
    clock.pass(0);
    expect(sent.map(({ n, entries }) => [n, entries])).toEqual([[1, [beat, entry]]]);
  });

  it('is parted where one more entry would make it longer than 256 Ki characters (BATCH_CHARS_MAX)', async () => {
    // What an entry takes as JSON: all of it together is the limit, to the character.
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

  it('K5 is sent again where it is acknowledged and never read back: it was lost with the primary', async () => {
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

  it('K8 is sent again, under the same number, until it is known to stand', async () => {
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

  it('is not known to stay before it was said to stand, though it is read back', async () => {
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

  it('is so many entries that wait and not one more', () => {
    append(ENTRIES_WAITING_MAX);
    expect(overfull).toBe(0);
    append(1);
    expect(overfull).toBe(1);
  });

  it('is nothing more once it is closed', async () => {
    append(2);
    clock.pass(0);
    outgoing.close();
    await answer({ kind: 'unknown', reason: 'closed' });
    append(1);
    clock.pass(1000);
    expect(sent).toHaveLength(1);
  });
});
