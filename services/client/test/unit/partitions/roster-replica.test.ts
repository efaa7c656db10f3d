import { beforeEach, describe, expect, it } from '@jest/globals';
import type { RosterMember, RosterMessage, ViewMessage } from '@rankd/protocol';
import { RosterReplica, type RosterReplicaStep } from '../../../src/partitions/roster-replica.js';
import { viewOf } from '../messages.js';

const LEASE_ENDS_MS = 1000;
const EVER = Number.POSITIVE_INFINITY;
const joinedAt = '2026-11-23T00:00:00.000Z';

const row = (member: string): RosterMember => {
  return { rank: 0, member, name: 'x', slot: 0, tags: {}, address: '', joinedAt, state: 'present' };
};

function rosterOf(view: number, members: readonly string[], more = false): RosterMessage {
  return { type: 'roster', group: 'g', epoch: 70, view, size: members.length, members: members.map(row), more };
}

function stepTo(view: number, changes: number, joined: readonly string[], left: readonly string[] = []): ViewMessage {
  const leavers = left.map(member => ({ member, name: 'x', reason: 'LEFT' }));
  return viewOf({ view, changes, joined: joined.map(row), left: leavers });
}

let replica: RosterReplica;
beforeEach(() => {
  replica = new RosterReplica();
  replica.reset(70, 1);
});

/** Returns what has changed, in a short form. */
function shortly(step: RosterReplicaStep): unknown {
  if (step.kind !== 'changed') return step.kind;
  const { kind, view, joined, left } = step.change;
  return [kind, view, joined.map(({ member }) => member), left.map(({ member, stopped }) => [member, stopped])];
}

describe('a replica of the roster', () => {
  it('R-ASK-1 is empty until the complete roster has arrived, in any number of frames', () => {
    expect(shortly(replica.applyView(stepTo(5, 1, ['c']), LEASE_ENDS_MS))).toBe('nothing');
    expect([shortly(replica.applyRosterFrame(rosterOf(5, ['a', 'b'], true))), replica.knownUntilMs(EVER)]).toEqual([
      'nothing',
      -Infinity,
    ]);
    expect(shortly(replica.applyRosterFrame(rosterOf(5, ['c'])))).toEqual(['leap', 5, ['a', 'b', 'c'], []]);
    expect([replica.knownUntilMs(LEASE_ENDS_MS), replica.asChange?.joined.length]).toEqual([LEASE_ENDS_MS, 3]);
  });

  it('R-VIEW-2 follows each view, and requests the roster if a view does not continue the last one', () => {
    replica.applyRosterFrame(rosterOf(5, ['a', 'b']));
    expect(shortly(replica.applyView(stepTo(7, 2, ['c'], ['a']), LEASE_ENDS_MS))).toEqual([
      'step',
      7,
      ['c'],
      [['a', true]],
    ]);
    expect(shortly(replica.applyView(stepTo(7, 1, ['c']), LEASE_ENDS_MS))).toBe('nothing');
    expect(shortly(replica.applyView(stepTo(10, 2, ['e']), LEASE_ENDS_MS))).toBe('ask');
    // The replica stays valid only until the lease of that moment expires, even if the lease is renewed.
    expect([replica.knownUntilMs(EVER), replica.asChange]).toEqual([LEASE_ENDS_MS, undefined]);
    expect(shortly(replica.applyRosterFrame(rosterOf(10, ['c', 'd', 'e'])))).toEqual([
      'leap',
      10,
      ['d', 'e'],
      [['b', false]],
    ]);
    expect(replica.knownUntilMs(2 * LEASE_ENDS_MS)).toBe(2 * LEASE_ENDS_MS);
  });

  it('R-VIEW-2 waits for the roster that follows a reset, without a request', () => {
    replica.applyRosterFrame(rosterOf(5, ['a']));
    expect(shortly(replica.applyView(viewOf({ view: 9, changes: 4, reset: true }), LEASE_ENDS_MS))).toBe('nothing');
    expect(replica.knownUntilMs(EVER)).toBe(LEASE_ENDS_MS);
    expect(shortly(replica.applyRosterFrame(rosterOf(9, ['a', 'b'])))).toEqual(['leap', 9, ['b'], []]);
  });

  it.each([
    ['LEFT', true],
    ['CLOSED', true],
    ['HEARTBEAT_TIMEOUT', true],
    ['GRACE_ENDED', true],
    ['REMOVED', false],
    ['SLOW_CONSUMER', false],
    ['BAD_FRAME', false],
  ])('records a member that left for %s as stopped: %s', (reason, stopped) => {
    replica.applyRosterFrame(rosterOf(5, ['a', 'b']));
    const left = [{ member: 'b', name: 'x', reason }];
    expect(shortly(replica.applyView(viewOf({ view: 6, changes: 1, joined: [], left }), 0))).toEqual([
      'step',
      6,
      [],
      [['b', stopped]],
    ]);
  });

  it('counts the changes that no list explains: two of them may be a member that joined and left', () => {
    const unlistedIn = (step: RosterReplicaStep): number | undefined =>
      step.kind === 'changed' ? step.change.unlisted : undefined;
    replica.reset(70, 4);
    expect(unlistedIn(replica.applyRosterFrame(rosterOf(5, ['a', 'b'])))).toBe(0);
    expect(unlistedIn(replica.applyView(stepTo(10, 5, ['c'], ['a']), LEASE_ENDS_MS))).toBe(3);
    const listed = { joined: [], left: [], moved: [row('b')], away: [row('c')], resumed: [] };
    expect(unlistedIn(replica.applyView(viewOf({ view: 12, changes: 2, ...listed }), LEASE_ENDS_MS))).toBe(0);
    replica.markStale(LEASE_ENDS_MS);
    expect(unlistedIn(replica.applyRosterFrame(rosterOf(16, ['c', 'd'])))).toBe(2);
    // The view has risen by 13 since the seat, and two of those changes are members in the roster.
    expect(replica.asChange?.unlisted).toBe(11);
  });

  it('ignores a roster of another epoch', () => {
    replica.applyRosterFrame(rosterOf(5, ['a']));
    replica.reset(71, 1);
    expect(shortly(replica.applyRosterFrame(rosterOf(5, ['a'])))).toBe('ask');
    expect(replica.asChange).toBeUndefined();
  });
});
