import { describe, expect, it } from '@jest/globals';
import type { RosterMember, RosterMessage } from '@rankd/protocol';
import type { Roster } from '../../../src/observer/pending-queries.js';
import { RosterQueries } from '../../../src/session/roster-queries.js';
import { silentConnection } from '../messages.js';

const row = (rank: number): RosterMember => {
  const facts = { name: `n${rank}`, slot: rank, tags: {}, address: '127.0.0.1', joinedAt: new Date(0).toISOString() };
  return { rank, member: `m${rank}`, ...facts, state: 'present' };
};

/** One frame of a roster of this view. */
function frameOf(view: number, ranks: readonly number[], more = false): RosterMessage {
  return { type: 'roster', group: 'g', epoch: 70, view, size: 2, members: ranks.map(row), more };
}

const limited = { type: 'error', code: 'RATE_LIMITED', message: '' } as const;

class Fixture {
  readonly sent: unknown[] = [];
  readonly told: string[] = [];
  readonly queries = new RosterQueries({ ...silentConnection, send: message => void this.sent.push(message) });

  call(name: string): void {
    const resolve = ({ view, members }: Roster): void => void this.told.push(`${name} ${view}/${members.length}`);
    this.queries.ask({ resolve, reject: ({ code }) => void this.told.push(`${name} ${code}`) });
  }
}

describe('the queries of the roster', () => {
  it('R-ASK-1 are sent at once and answered in their order, also with those of partitions between them', () => {
    const fixture = new Fixture();
    fixture.call('a');
    fixture.queries.ask('partitions');
    fixture.call('b');
    expect(fixture.sent).toEqual(Array(3).fill({ type: 'roster' }));
    for (const view of [5, 6, 7, 8]) fixture.queries.handleRoster(frameOf(view, [0, 1]));
    expect(fixture.told).toEqual(['a 5/2', 'b 7/2']);
  });

  it('R-ASK-1 are answered when the last frame has arrived', () => {
    const fixture = new Fixture();
    fixture.call('a');
    fixture.queries.handleRoster(frameOf(5, [0], true));
    expect(fixture.told).toEqual([]);
    fixture.queries.handleRoster(frameOf(5, [1]));
    expect(fixture.told).toEqual(['a 5/2']);
  });

  it('R-VIEW-2 are not answered by the roster that follows a view with `reset`', () => {
    const fixture = new Fixture();
    fixture.call('a');
    fixture.queries.recordReset();
    for (const view of [5, 6]) fixture.queries.handleRoster(frameOf(view, [0, 1]));
    expect(fixture.told).toEqual(['a 6/2']);
  });

  it('R-ASK-1 reject with RATE_LIMITED, which belongs to partitions if they have sent that query', () => {
    const fixture = new Fixture();
    fixture.call('a');
    fixture.queries.ask('partitions');
    const { queries } = fixture;
    expect(queries.handleError({ type: 'error', code: 'LATE_RESULT', message: '', seq: 7 })).toBe(false);
    expect([queries.handleError(limited), queries.handleError(limited)]).toEqual([true, false]);
    expect(queries.handleError(limited)).toBe(false);
    expect(fixture.told).toEqual(['a RATE_LIMITED']);
  });

  it('are handed over to the next session without those of partitions', () => {
    const fixture = new Fixture();
    fixture.call('a');
    fixture.queries.ask('partitions');
    fixture.call('b');
    const next = new Fixture();
    for (const call of fixture.queries.removeCalls()) next.queries.ask(call);
    expect([next.sent.length, fixture.queries.removeCalls()]).toEqual([2, []]);
    for (const view of [5, 6]) next.queries.handleRoster(frameOf(view, [0, 1]));
    expect(fixture.told).toEqual(['a 5/2', 'b 6/2']);
  });
});
