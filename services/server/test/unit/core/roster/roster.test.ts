import { describe, expect, it } from '@jest/globals';
import { Roster } from '../../../../src/core/index.js';
import { AT, keptSeat, newcomer } from '../reference/entries.js';

function rosterOf(...ids: string[]): Roster {
  const roster = new Roster();
  for (const id of ids) roster.add(newcomer(id), AT);
  return roster;
}

const remove = (roster: Roster, id: string): number => {
  const member = roster.member(id);
  if (member === undefined) throw new Error(`${id} is not in the roster`);
  return roster.remove(member);
};

const ids = (roster: Roster): string[] => roster.slice().map(({ id }) => id);
const slots = (roster: Roster): number[] => roster.slice().map(({ slot }) => slot);

describe('roster', () => {
  it('R-JOIN-2 adds a newcomer last, at the rank that was the size', () => {
    const roster = rosterOf('a', 'b');
    const added = roster.add(newcomer('c'), AT);
    expect([roster.rankOf(added), roster.size, ids(roster)]).toEqual([2, 3, ['a', 'b', 'c']]);
  });

  it('R-JOIN-2 keeps the name and tags of a newcomer', () => {
    const own = newcomer('a', { name: 'ann', tags: { zone: 'east' }, address: '10.0.0.1:5' });
    const { secretHash, session, ...said } = own;
    const secrets = { current: secretHash, earlier: undefined };
    const presence = { kind: 'present', session };
    expect(new Roster().add(own, 5)).toMatchObject({ ...said, joinedAt: 5, secrets, presence });
  });

  it.each([
    ['first', 'a', 0, ['b', 'c']],
    ['middle', 'b', 1, ['a', 'c']],
    ['last', 'c', 2, ['a', 'b']],
  ])('R-VIEW-1 closes the gap of the %s member, and returns the rank that it had', (_which, id, rank, rest) => {
    const roster = rosterOf('a', 'b', 'c');
    expect(remove(roster, id)).toBe(rank);
    expect(ids(roster)).toEqual(rest);
    expect(roster.slice().map(member => roster.rankOf(member))).toEqual([0, 1]);
  });

  it('R-VIEW-1 returns the right rank after many departures without a lookup between them', () => {
    const roster = rosterOf('a', 'b', 'c', 'd', 'e', 'f');
    for (const id of ['b', 'a', 'd', 'c']) remove(roster, id);
    expect(['e', 'f'].map(id => roster.member(id)).map(member => member && roster.rankOf(member))).toEqual([0, 1]);
  });

  it('R-JOIN-3 assigns the smallest free slot, and never changes a slot', () => {
    const roster = rosterOf('a', 'b', 'c', 'd');
    remove(roster, 'c');
    remove(roster, 'a');
    expect(slots(roster)).toEqual([1, 3]);
    for (const id of ['e', 'f', 'g']) roster.add(newcomer(id), AT);
    expect(slots(roster)).toEqual([1, 3, 0, 2, 4]);
  });

  it('R-VIEW-2 returns the leader, and undefined for an empty roster', () => {
    const roster = rosterOf('a', 'b');
    expect(roster.leader?.id).toBe('a');
    remove(roster, 'a');
    expect(roster.leader?.id).toBe('b');
    remove(roster, 'b');
    expect([roster.leader, roster.size, roster.at(0)]).toEqual([undefined, 0, undefined]);
  });

  it('R-VIEW-1 no longer finds a departed member', () => {
    const roster = rosterOf('a', 'b');
    remove(roster, 'b');
    expect([roster.member('b'), roster.at(1), roster.at(-1)]).toEqual([undefined, undefined, undefined]);
  });

  it('R-CMD-4 returns the members between two ranks', () => {
    const roster = rosterOf('a', 'b', 'c', 'd');
    expect(roster.slice(1, 3).map(({ id }) => id)).toEqual(['b', 'c']);
    expect(roster.slice(3, 9).map(({ id }) => id)).toEqual(['d']);
  });

  it.each([
    ['up', 'd', 1, ['a', 'd', 'b', 'c']],
    ['down', 'a', 2, ['b', 'c', 'a', 'd']],
    ['to the first rank', 'c', 0, ['c', 'a', 'b', 'd']],
    ['to the last rank', 'b', 3, ['a', 'c', 'd', 'b']],
  ])('R-ADMIN-1 moves a member %s; the others close up and all slots stay', (_where, id, rank, rest) => {
    const roster = rosterOf('a', 'b', 'c', 'd');
    const member = roster.member(id);
    if (member !== undefined) roster.move(member, rank);
    expect(ids(roster)).toEqual(rest);
    expect(roster.slice().map(each => roster.rankOf(each))).toEqual([0, 1, 2, 3]);
    expect(slots(roster)).toEqual(rest.map(each => 'abcd'.indexOf(each)));
  });

  it('R-ADMIN-1 returns the right ranks after departures without a lookup, then a move', () => {
    const roster = rosterOf('a', 'b', 'c', 'd', 'e');
    for (const id of ['b', 'a']) remove(roster, id);
    const last = roster.member('e');
    if (last !== undefined) roster.move(last, 0);
    expect(roster.slice().map(each => [each.id, roster.rankOf(each)])).toEqual([
      ['e', 0],
      ['c', 1],
      ['d', 2],
    ]);
  });

  it('R-VIEW-6 adds a kept seat last, away, in its earlier slot; newcomers take the smallest free slot', () => {
    const roster = new Roster();
    for (const [id, slot] of [
      ['a', 3],
      ['b', 0],
    ] as const)
      roster.restore(keptSeat(id, slot), { kind: 'away', absence: 1, because: 'restart' });
    expect(roster.at(0)).toMatchObject({ id: 'a', joinedAt: 500, presence: { kind: 'away', because: 'restart' } });
    for (const id of ['c', 'd', 'e']) roster.add(newcomer(id), AT);
    expect([slots(roster), roster.away.size]).toEqual([[3, 0, 1, 2, 4], 2]);
  });

  it('R-VIEW-4 counts members that are not present, and stops counting when they resume or depart', () => {
    const roster = rosterOf('a', 'b', 'c');
    const [a, b, c] = roster.slice();
    for (const member of [a, b, c])
      if (member) roster.setPresence(member, { kind: 'away', absence: 1, because: 'lost' });
    expect(roster.away.size).toBe(3);
    if (a) roster.setPresence(a, { kind: 'present', session: 's9' });
    if (b) roster.remove(b);
    if (c) roster.setPresence(c, { kind: 'away', absence: 2, because: 'lost' });
    expect(roster.away.size).toBe(1);
  });
});
