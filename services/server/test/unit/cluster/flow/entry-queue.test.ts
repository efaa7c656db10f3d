import { beforeEach, describe, expect, it } from '@jest/globals';
import { EntryQueue } from '../../../../src/cluster/flow/entry-queue.js';
import type { Entry, ServerEntry } from '../../../../src/core/index.js';

const limits = { entriesMax: 4, charsMax: 1000 };
const placed = { group: 'default', at: 1 };

let queue: EntryQueue;

beforeEach(() => {
  queue = new EntryQueue();
});

function command(member: string, id: string): Entry {
  const from = { kind: 'member', member, session: `session of ${member}` } as const;
  const how = { target: { kind: 'below' }, deadlineMs: 1, reply: 'none', payload: undefined } as const;
  return { kind: 'command', ...placed, from, n: 1, id, name: 'go', ...how };
}

const departed = (member: string): Entry => ({
  kind: 'departed',
  ...placed,
  member,
  session: `session of ${member}`,
  how: 'lost',
  reason: 'CLOSED',
});
const beat: ServerEntry = { kind: 'server-beat', at: 1, applied: '1-0' };
const left: ServerEntry = { kind: 'server-left', at: 1 };

/** Adds entries, with their name as text. */
function add(entries: Readonly<Record<string, Entry | ServerEntry>>, version = 1): void {
  for (const [text, entry] of Object.entries(entries)) queue.add(entry, { version, text });
}

const take = (): readonly string[] | undefined => queue.takeBatch(limits)?.texts;

/** Takes all batches. */
function takeAll(): (readonly string[])[] {
  const batches: (readonly string[])[] = [];
  for (let texts = take(); texts !== undefined; texts = take()) batches.push(texts);
  return batches;
}

describe('entries that wait for the log of a cluster', () => {
  it('keep the order of their arrival while all of them fit into a batch', () => {
    add({ a1: command('a', '1'), away: departed('c'), b1: command('b', '1'), beat });
    expect(takeAll()).toEqual([['a1', 'away', 'b1', 'beat']]);
  });

  it('include a heartbeat in the next batch, however many entries a sender has', () => {
    for (let n = 0; n < 100; n += 1) add({ [`a${n}`]: command('a', `${n}`) });
    add({ beat });
    expect(take()).toContain('beat');
  });

  it('are taken in turns: a sender that has just come waits for none of the others', () => {
    for (let n = 0; n < 9; n += 1) add({ [`a${n}`]: command('a', `${n}`) });
    expect(take()).toEqual(['a0', 'a1', 'a2', 'a3']);
    add({ b0: command('b', '0'), b1: command('b', '1'), c0: command('c', '0') });
    expect(takeAll()).toEqual([
      ['a4', 'a5', 'b0', 'c0'],
      ['a6', 'a7', 'a8', 'b1'],
    ]);
  });

  it('give a sender that waits one turn in each batch, even if others come all the time', () => {
    for (let n = 0; n < 6; n += 1) add({ [`a${n}`]: command('a', `${n}`) });
    take();
    for (let n = 0; n < 8; n += 1) add({ [`n${n}`]: command(`n${n}`, '0') });
    expect([take(), take()]).toEqual([
      ['a4', 'n0', 'n1', 'n2'],
      ['a5', 'n3', 'n4', 'n5'],
    ]);
  });

  it('let departures and deadlines overtake the entries of other senders, never those of their own', () => {
    for (let n = 0; n < 6; n += 1) add({ [`a${n}`]: command('a', `${n}`), [`b${n}`]: command('b', `${n}`) });
    const expired: Entry = { kind: 'expired', ...placed, epoch: 1, seq: 1 };
    add({ 'a gone': departed('a'), 'c gone': departed('c'), expired });
    const batches = takeAll();
    expect(batches[0]).toEqual(expect.arrayContaining(['c gone', 'expired']));
    const order = batches.flat();
    expect(order.filter(text => text.startsWith('a'))).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a gone']);
  });

  it('R-LEAD-1 never let the answer of a leader to yield overtake its own commands', () => {
    for (let n = 0; n < 6; n += 1) add({ [`a${n}`]: command('a', `${n}`) });
    add({ stopped: { kind: 'stopped', ...placed, epoch: 1, member: 'a', ask: 1, evidence: 'yielded' } });
    expect(takeAll().flat().at(-1)).toBe('stopped');
  });

  it('keep the order of a member over the sessions that resume its seat', () => {
    const newcomer = { id: 'x', session: 's2', name: 'x', tags: {}, address: '', secretHash: '' };
    for (let n = 0; n < 6; n += 1) add({ [`a${n}`]: command('a', `${n}`), [`b${n}`]: command('b', `${n}`) });
    add({ resumed: { kind: 'joined', ...placed, newcomer, resume: { member: 'a', secretHash: '' } } });
    const order = takeAll().flat();
    expect(order.indexOf('resumed')).toBeGreaterThan(order.indexOf('a5'));
  });

  it('end with the announcement that the server leaves', () => {
    add({ left });
    for (let n = 0; n < 5; n += 1) add({ [`a${n}`]: command('a', `${n}`) });
    expect(takeAll().flat().at(-1)).toBe('left');
  });

  it('of two formats are in different batches', () => {
    add({ a1: command('a', '1') });
    add({ a2: command('a', '2'), b1: command('b', '1') }, 2);
    expect([queue.takeBatch(limits), queue.takeBatch(limits)]).toEqual([
      { version: 1, texts: ['a1'] },
      { version: 2, texts: ['a2', 'b1'] },
    ]);
  });

  it('are dropped when the sender is closed', () => {
    add({ a1: command('a', '1'), left, beat });
    queue.clear();
    expect(take()).toBeUndefined();
  });
});
