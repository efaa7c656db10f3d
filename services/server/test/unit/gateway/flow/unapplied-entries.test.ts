import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Entry, Group, Target } from '../../../../src/core/index.js';
import {
  DELIVERED_BYTES_MAX,
  ENTRIES_MAX,
  LOG_SHARE,
  SESSION_ENTRIES_MAX,
  UnappliedEntries,
} from '../../../../src/gateway/flow/unapplied-entries.js';
import { WIDE_BYTES_MAX } from '../../../../src/gateway/flow/wide-commands.js';
import type { Session } from '../../../../src/gateway/session/session.js';

const BACKLOG_BYTES_MAX = 8_388_608;

let appended: Entry[];
let paused: string[];
let resumed: string[];
/** Whether the other servers have applied what this one has applied. */
let areOthersCurrent: boolean;
let sessions: Map<string, Session>;
let entries: UnappliedEntries;

/** A group of this size. */
const group = { roster: { size: 600 } } as unknown as Group;

const sessionOf = (id: string): Session => ({ id, state: { phase: 'active' } }) as unknown as Session;

beforeEach(() => {
  entries = create(BACKLOG_BYTES_MAX);
});

function create(backlogBytesMax: number): UnappliedEntries {
  [appended, paused, resumed, areOthersCurrent] = [[], [], [], true];
  sessions = new Map();
  return new UnappliedEntries(backlogBytesMax, {
    log: { append: entry => appended.push(entry), groups: { get: () => group, values: () => [] } },
    exchange: { placeOf: () => ({ epoch: 1, seq: 1 }), isAppliedByAll: () => areOthersCurrent },
    sessions: {
      get: id => {
        const session = sessions.get(id) ?? sessionOf(id);
        sessions.set(id, session);
        return session;
      },
    },
    reading: { pause: ({ id }) => paused.push(id), resume: ({ id }) => resumed.push(id) },
    flushCycle: { requestFlush: () => undefined },
  });
}

function result(session: string, payload = ''): Entry {
  const what = { epoch: 1, seq: 1, status: 'done', error: undefined, payload } as const;
  return { kind: 'result', group: 'default', at: 1, member: session, session, ...what };
}

/** A command with `bytes` for its recipients together. */
function commandOf(session: string, target: Target, bytes: number): Entry {
  const recipients = target.kind === 'ranks' ? target.ranks.length : group.roster.size;
  const from = { kind: 'member', member: session, session } as const;
  const what = { from, n: 1, afterHelloMs: 1, id: '1', name: 'go', target, deadlineMs: 1, reply: 'none' } as const;
  return { kind: 'command', group: 'default', at: 1, ...what, payload: 'x'.repeat(bytes / recipients) };
}

/** Appends entries of a session until it is paused. Returns their number. */
function fill(session: string, payload = ''): number {
  for (let count = 1; ; count += 1) {
    entries.append(result(session, payload));
    if (paused.includes(session)) return count;
  }
}

describe('the entries of all sessions of a server', () => {
  it('are limited (ENTRIES_MAX): a session gets as many as are left for the others, and one at least', () => {
    entries = create(Number.MAX_SAFE_INTEGER);
    const counts = Array.from({ length: 1000 }, (_, n) => fill(`s${n}`));
    expect(counts[0]).toBe(SESSION_ENTRIES_MAX);
    expect(appended.length).toBeLessThanOrEqual(ENTRIES_MAX + counts.length);
    expect(appended.length).toBeGreaterThan(0.9 * ENTRIES_MAX);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
  });

  it('are limited in bytes (LOG_SHARE): a session gets at most half, and one frame at least', () => {
    const bytesMax = BACKLOG_BYTES_MAX * LOG_SHARE;
    const payload = 'x'.repeat(10_000);
    const counts = Array.from({ length: 30 }, (_, n) => fill(`s${n}`, payload));
    expect(counts[0]).toBe(Math.ceil(bytesMax / 2 / 10_512));
    expect(Math.min(...counts)).toBe(1);
    // Each session may exceed its share by one frame.
    expect(appended.length * payload.length).toBeLessThan(bytesMax + counts.length * payload.length);
    expect(entries.isFull).toBe(false);
  });

  it('are limited in the bytes for all recipients of commands together (DELIVERED_BYTES_MAX)', () => {
    const from = { kind: 'member', member: 's1', session: 's1' } as const;
    const payload = 'x'.repeat(10_000);
    const order = (target: Target): Entry => ({
      ...{ kind: 'command', group: 'default', at: 1, from, n: 1, id: '1', name: 'go', target, deadlineMs: 1 },
      ...{ reply: 'none', payload },
    });
    const untilPaused = (target: Target): number => {
      entries = create(Number.MAX_SAFE_INTEGER);
      for (let count = 1; ; count += 1) {
        entries.append(order(target));
        if (paused.length > 0) return count;
      }
    };
    expect(untilPaused({ kind: 'below' })).toBe(Math.ceil(DELIVERED_BYTES_MAX / 2 / (600 * 10_512)));
    expect(untilPaused({ kind: 'ranks', ranks: [1, 2] })).toBe(Math.ceil(DELIVERED_BYTES_MAX / 2 / (2 * 10_528)));
  });

  it('admit no further session when the limit is reached, and again below it', () => {
    for (let n = 0; n < ENTRIES_MAX - 1; n += 1) entries.append(result(`s${n}`));
    expect(entries.isFull).toBe(false);
    entries.append(result('last'));
    expect(entries.isFull).toBe(true);
    entries.recordApplied(result('s0'));
    expect(entries.isFull).toBe(false);
  });

  it('count until they are applied, even if their session has ended', () => {
    const count = fill('s1');
    entries.removeSession(sessionOf('s1'));
    expect(fill('s1')).toBe(1);
    for (let n = 0; n <= count; n += 1) entries.recordApplied(result('s1'));
    entries.runInOrder(sessionOf('s1'), () => resumed.push('at once'));
    expect(resumed).toEqual(['at once']);
  });
});

describe('wide commands', () => {
  const wide = (session: string): Entry => commandOf(session, { kind: 'all' }, 0.6 * WIDE_BYTES_MAX);
  const senders = (): string[] => appended.map(entry => (entry.kind === 'command' ? entry.from.session : ''));

  it('are held until all servers have applied those before (WIDE_BYTES_MAX), one of each session, in order', () => {
    areOthersCurrent = false;
    for (const session of ['a', 'b', 'c']) entries.append(wide(session));
    expect([senders(), paused]).toEqual([['a'], ['a', 'b', 'c']]);
    entries.recordApplied(wide('a'));
    entries.flush();
    expect(senders()).toEqual(['a']);
    areOthersCurrent = true;
    entries.flush();
    expect(senders()).toEqual(['a', 'b']);
    entries.recordApplied(wide('b'));
    entries.flush();
    expect(senders()).toEqual(['a', 'b', 'c']);
  });

  it('keep their sessions paused while they are held', () => {
    for (const session of ['a', 'b']) entries.append(wide(session));
    const [, b] = ['a', 'b'].map(id => sessions.get(id));
    expect(b !== undefined && entries.isPausing(b)).toBe(true);
    expect(resumed).toEqual([]);
  });

  it('are appended one at a time if each is larger than the limit', () => {
    for (const session of ['a', 'b']) entries.append(commandOf(session, { kind: 'all' }, 2 * WIDE_BYTES_MAX));
    expect(senders()).toEqual(['a']);
    entries.recordApplied(wide('a'));
    entries.flush();
    expect(senders()).toEqual(['a', 'b']);
  });

  it('do not delay a command to few recipients', () => {
    for (const session of ['a', 'b']) entries.append(wide(session));
    entries.append(commandOf('c', { kind: 'ranks', ranks: [1] }, 60_000));
    expect(senders()).toEqual(['a', 'c']);
  });

  it('are dropped with their session', () => {
    for (const session of ['a', 'b', 'c']) entries.append(wide(session));
    const b = sessions.get('b');
    if (b !== undefined) entries.removeSession(b);
    entries.recordApplied(wide('a'));
    entries.flush();
    expect(senders()).toEqual(['a', 'c']);
  });
});
