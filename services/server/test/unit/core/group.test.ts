import { describe, expect, it } from '@jest/globals';
import { assertInvariants, InvariantError, type Group } from '../../../src/core/index.js';
import {
  AT,
  confirmed,
  EPOCH,
  graceEnded,
  groupOf,
  hashNamed,
  idsByRank,
  joined,
  kindsOf,
  lost,
  newcomer,
  only,
  resumed,
  rulesOf,
  sessionNamed,
} from './reference/entries.js';

describe('group', () => {
  it('R-JOIN-2 adds a newcomer last and sends the change before the welcome', () => {
    const effects = groupOf(['a', 'b']).apply(joined('c'));
    expect(kindsOf(effects)).toEqual(['roster-changed', 'welcomed']);
    expect(only(effects, 'welcomed')).toMatchObject({ member: { id: 'c', slot: 2 }, rank: 2 });
    const cause = { kind: 'joined', member: { id: 'c' }, rank: 2 };
    const change = {
      epoch: EPOCH,
      view: 3,
      seq: 3,
      at: 1000,
      size: 3,
      shifted: { from: 0, to: 0 },
      promoted: 0,
      cause,
    };
    expect(only(effects, 'roster-changed')).toMatchObject(change);
  });

  it('R-JOIN-4 rejects a newcomer past the last seat and leaves the roster unchanged', () => {
    const group = groupOf(['a', 'b'], { membersMax: 2 });
    const effects = group.apply(joined('c', { newcomer: newcomer('c', { session: 's3' }) }));
    expect(effects).toMatchObject([{ kind: 'turned-away', session: 's3', code: 'FULL' }]);
    expect([group.view, group.seq, idsByRank(group)]).toEqual([2, 2, ['a', 'b']]);
    group.apply(lost('a'));
    expect(kindsOf(group.apply(joined('d')))).toEqual(['roster-changed', 'welcomed']);
  });

  it('R-JOIN-2 ignores the second join of a member', () => {
    const group = groupOf(['a', 'b']);
    expect(group.apply(joined('a'))).toEqual([]);
    expect([group.view, idsByRank(group)]).toEqual([2, ['a', 'b']]);
  });

  it('R-VIEW-1 reports which rank was vacated and from which rank on members were promoted', () => {
    const group = groupOf(['a', 'b', 'c']);
    const effects = group.apply(lost('b', { reason: 'HEARTBEAT_TIMEOUT' }));
    expect(kindsOf(effects)).toEqual(['departed', 'roster-changed']);
    expect(only(effects, 'departed')).toMatchObject({
      member: { id: 'b' },
      rank: 1,
      promoted: 1,
      reason: 'HEARTBEAT_TIMEOUT',
    });
    const cause = { kind: 'left', member: { id: 'b' }, rank: 1, reason: 'HEARTBEAT_TIMEOUT' };
    expect(only(effects, 'roster-changed')).toMatchObject({
      view: 4,
      seq: 4,
      size: 2,
      shifted: { from: 1, to: 2 },
      promoted: 1,
      cause,
    });
    expect(idsByRank(group)).toEqual(['a', 'c']);
  });

  it('R-VIEW-4 removes a member once, although several departures follow each other', () => {
    const group = groupOf(['a', 'b']);
    group.apply(lost('a', { reason: 'CLOSED' }));
    expect(group.apply(lost('a', { reason: 'HEARTBEAT_TIMEOUT' }))).toEqual([]);
    expect([group.view, idsByRank(group)]).toEqual([3, ['b']]);
  });

  it('R-VIEW-1 detects a roster that violates the invariants', () => {
    const group = groupOf(['a', 'b']);
    expect(() => assertInvariants(group)).not.toThrow();
    const [a, b] = group.roster.slice();
    Object.assign(b ?? {}, { slot: a?.slot });
    expect(() => assertInvariants(group)).toThrow(InvariantError);
  });

  describe('a leader whose seat was taken back twice with one secret', () => {
    const contested = (...members: string[]): Group => {
      const group = groupOf(members);
      // The second of these hellos may be older than the first, and its connection may be closed already.
      group.apply(resumed('a', 'second'));
      group.apply(resumed('a', 'third'));
      return group;
    };

    it('R-LEAD-1 has not necessarily stopped when the later session closes', () => {
      const group = contested('a', 'b');
      const effects = group.apply(lost('a', { session: sessionNamed('third') }));
      expect(only(effects, 'roster-changed').cause).toMatchObject({ kind: 'away', rank: 0, reason: 'REPLACED' });
      const { ms } = only(effects, 'grace');
      expect(ms).toBeGreaterThanOrEqual(rulesOf().suspendMs);
      expect(group.roster.leader?.id).toBe('a');
      group.apply(graceEnded('a', AT + ms - 1));
      expect(group.roster.leader?.id).toBe('a');
      group.apply(graceEnded('a', AT + ms));
      expect(group.roster.leader?.id).toBe('b');
    });

    it('R-JOIN-6 has stopped when a session closes that showed that it received its secret', () => {
      const group = contested('a', 'b');
      group.apply(confirmed('a', sessionNamed('third')));
      group.apply(lost('a', { session: sessionNamed('third') }));
      expect(group.roster.leader?.id).toBe('b');
    });

    it('R-JOIN-6 has stopped when a session closes that showed the newest secret', () => {
      const group = contested('a', 'b');
      group.apply(resumed('a', 'fourth', hashNamed('third')));
      group.apply(lost('a', { session: sessionNamed('fourth') }));
      expect(group.roster.leader?.id).toBe('b');
    });

    it('R-VIEW-1 leaves at once if it no longer leads', () => {
      const group = contested('b', 'a');
      const effects = group.apply(lost('a', { session: sessionNamed('third') }));
      expect(only(effects, 'roster-changed').cause).toMatchObject({ kind: 'left' });
    });
  });
});
