import { describe, expect, it } from '@jest/globals';
import type { RosterMember } from '@rankd/protocol';
import { rosterTable } from '../../src/output/roster-table.js';
import { painted, unpainted } from '../../src/terminal/terminal.js';
import { findMember } from '../../src/find-member.js';

const nowMs = Date.parse('2026-11-23T10:00:00.000Z');
const memberOf = (rank: number, fields: Partial<RosterMember> = {}): RosterMember => ({
  rank,
  member: `m${rank}`,
  name: `client-${rank}`,
  slot: rank,
  tags: {},
  address: `10.0.0.${rank}:4000`,
  joinedAt: new Date(nowMs - 1000 * 60 ** rank).toISOString(),
  state: 'present',
  ...fields,
});
const rosterOf = (...members: RosterMember[]): Parameters<typeof rosterTable>[0] => ({
  group: 'default',
  epoch: 1,
  view: 7,
  size: members.length,
  members,
});
const plain = { paint: unpainted, columns: Number.POSITIVE_INFINITY };

describe('the roster as a table', () => {
  it('marks the leader, and the members that are away', () => {
    const roster = rosterOf(memberOf(0), memberOf(1, { state: 'away' }), memberOf(2, { tags: { zone: 'a' } }));
    expect(rosterTable(roster, nowMs, plain)).toEqual([
      'group default · 3 members, 1 away · view 7',
      'RANK  NAME      STATE    AGE    SLOT  ADDRESS        MEMBER  TAGS',
      '0 *   client-0  leads    1s     0     10.0.0.0:4000  m0',
      '1     client-1  away     1m     1     10.0.0.1:4000  m1',
      '2     client-2  present  1h00m  2     10.0.0.2:4000  m2      zone=a',
    ]);
  });

  it('is green for the leader and dim for members that are away', () => {
    const [, , leader, away] = rosterTable(rosterOf(memberOf(0), memberOf(1, { state: 'away' })), nowMs, {
      ...plain,
      paint: painted,
    });
    expect([leader?.startsWith('\x1b[32m0 *'), away?.startsWith('\x1b[2m1')]).toEqual([true, true]);
  });

  it('says that the group has no member', () => {
    expect(rosterTable(rosterOf(), nowMs, plain)).toEqual([
      'group default · 0 members · view 7',
      'The group has no members. rankctl groups lists the groups that have members.',
    ]);
  });
});

describe('the member of an argument', () => {
  const roster = rosterOf(
    memberOf(0),
    memberOf(1, { name: 'twin' }),
    memberOf(2, { name: 'twin' }),
    memberOf(3, { name: 'm0' }),
  );

  it('is the one with this id, otherwise the one with this name', () => {
    expect(findMember(roster, 'm0').rank).toBe(0);
    expect(findMember(roster, 'client-0').rank).toBe(0);
  });

  it('is ambiguous if several have the name', () => {
    expect(() => findMember(roster, 'twin')).toThrow(
      '2 members are named twin: use one of their ids: m1 (rank 1), m2 (rank 2)',
    );
  });

  it('is unknown if none has the id or the name', () => {
    expect(() => findMember(roster, 'eve')).toThrow('run rankctl ls for the list');
    expect(() => findMember(rosterOf(), 'eve')).toThrow(
      'group default has no members: rankctl groups lists the groups that have members',
    );
  });
});
