import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Entry } from '../../../../src/core/index.js';
import {
  BYTES_MAX,
  ENTRIES_MAX,
  SESSION_ENTRIES_MAX,
  UnappliedEntries,
} from '../../../../src/gateway/flow/unapplied-entries.js';
import type { Session } from '../../../../src/gateway/session/session.js';

let appended: Entry[];
let paused: string[];
let resumed: string[];
let entries: UnappliedEntries;

const sessionOf = (id: string): Session => ({ id, state: { phase: 'active' } }) as unknown as Session;

beforeEach(() => {
  [appended, paused, resumed] = [[], [], []];
  const sessions = new Map<string, Session>();
  entries = new UnappliedEntries({
    log: { append: entry => appended.push(entry) },
    sessions: {
      get: id => {
        const session = sessions.get(id) ?? sessionOf(id);
        sessions.set(id, session);
        return session;
      },
    },
    pausedSenders: { pause: ({ id }) => paused.push(id) },
    flushCycle: { requestFlush: () => undefined },
    resume: ({ id }) => resumed.push(id),
  });
});

function result(session: string, payload = ''): Entry {
  const what = { epoch: 1, seq: 1, status: 'done', error: undefined, payload } as const;
  return { kind: 'result', group: 'default', at: 1, member: session, session, ...what };
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
    const counts = Array.from({ length: 1000 }, (_, n) => fill(`s${n}`));
    expect(counts[0]).toBe(SESSION_ENTRIES_MAX);
    expect(appended.length).toBeLessThanOrEqual(ENTRIES_MAX + counts.length);
    expect(appended.length).toBeGreaterThan(0.9 * ENTRIES_MAX);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
  });

  it('are limited in bytes (BYTES_MAX)', () => {
    const payload = 'x'.repeat(60_000);
    const counts = Array.from({ length: 300 }, (_, n) => fill(`s${n}`, payload));
    const sent = counts.reduce((sum, count) => sum + count, 0) * payload.length;
    // Each session may exceed its share by one frame.
    expect(sent).toBeLessThan(BYTES_MAX + counts.length * payload.length);
    expect(entries.isFull).toBe(true);
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
