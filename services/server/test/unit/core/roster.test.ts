import { describe, expect, it } from '@jest/globals';
import { Roster } from '../../../src/core/index.js';
import { newcomer } from './entries.js';

function rosterOf(...ids: string[]): Roster {
  const roster = new Roster();
  for (const id of ids) roster.add(newcomer(id));
  return roster;
}

const remove = (roster: Roster, id: string): number => {
  const member = roster.member(id);
  if (member === undefined) throw new Error(`${id} is not there`);
  return roster.remove(member);
};

const ids = (roster: Roster): string[] => roster.slice().map(({ id }) => id);
const slots = (roster: Roster): number[] => roster.slice().map(({ slot }) => slot);

describe('roster', () => {
  it('R-JOIN-2 puts a newcomer last, at the rank that was the size', () => {
    const roster = rosterOf('a', 'b');
    const added = roster.add(newcomer('c'));
    expect([roster.rankOf(added), roster.size, ids(roster)]).toEqual([2, 3, ['a', 'b', 'c']]);
  });

  it('R-JOIN-2 keeps what a newcomer says of itself', () => {
    const own = newcomer('a', { name: 'ann', tags: { zone: 'east' }, address: '10.0.0.1:5', joinedAt: 5 });
    expect(new Roster().add(own)).toMatchObject(own);
  });

  it.each([
    ['first', 'a', 0, ['b', 'c']],
    ['middle', 'b', 1, ['a', 'c']],
    ['last', 'c', 2, ['a', 'b']],
  ])('R-VIEW-1 closes the gap when the %s member goes, and says which rank it had', (_which, id, rank, rest) => {
    const roster = rosterOf('a', 'b', 'c');
    expect(remove(roster, id)).toBe(rank);
    expect(ids(roster)).toEqual(rest);
    expect(roster.slice().map(member => roster.rankOf(member))).toEqual([0, 1]);
  });

  it('R-VIEW-1 finds a rank after many superiors have gone, though nobody asked in between', () => {
    const roster = rosterOf('a', 'b', 'c', 'd', 'e', 'f');
    for (const id of ['b', 'a', 'd', 'c']) remove(roster, id);
    expect(['e', 'f'].map(id => roster.member(id)).map(member => member && roster.rankOf(member))).toEqual([0, 1]);
  });

  it('R-JOIN-3 gives the smallest free slot, and never moves one', () => {
    const roster = rosterOf('a', 'b', 'c', 'd');
    remove(roster, 'c');
    remove(roster, 'a');
    expect(slots(roster)).toEqual([1, 3]);
    for (const id of ['e', 'f', 'g']) roster.add(newcomer(id));
    expect(slots(roster)).toEqual([1, 3, 0, 2, 4]);
  });

  it('R-VIEW-2 knows the leader, and none when nobody is there', () => {
    const roster = rosterOf('a', 'b');
    expect(roster.leader?.id).toBe('a');
    remove(roster, 'a');
    expect(roster.leader?.id).toBe('b');
    remove(roster, 'b');
    expect([roster.leader, roster.size, roster.at(0)]).toEqual([undefined, 0, undefined]);
  });

  it('R-VIEW-1 forgets a member that has gone', () => {
    const roster = rosterOf('a', 'b');
    remove(roster, 'b');
    expect([roster.member('b'), roster.at(1), roster.at(-1)]).toEqual([undefined, undefined, undefined]);
  });

  it('R-CMD-4 hands out the members between two ranks', () => {
    const roster = rosterOf('a', 'b', 'c', 'd');
    expect(roster.slice(1, 3).map(({ id }) => id)).toEqual(['b', 'c']);
    expect(roster.slice(3, 9).map(({ id }) => id)).toEqual(['d']);
  });
});
