import { describe, expect, it } from '@jest/globals';
import { referenceAuthority, rosterAfter, type ReferenceChange, type ReferenceTarget } from '@rankd/testkit';

/** Ranks 0 to 4: ann, bob, ann again, cy, dan. Even ranks have the tag east, odd ones west. cy is away. */
const roster = ['ann', 'bob', 'ann', 'cy', 'dan'].map((name, rank) => ({
  id: `m${rank}`,
  name,
  tags: { zone: rank % 2 === 0 ? 'east' : 'west' },
  isAway: rank === 3,
}));

describe('the authority of the reference model', () => {
  it.each<[string, ReferenceTarget, number[], string[]]>([
    ['below', { kind: 'below' }, [4], ['3 AWAY']],
    ['all', { kind: 'all' }, [4], ['0 OUTRANKED', '1 OUTRANKED', '3 AWAY']],
    ['ranks, including its own and one without a member', { kind: 'ranks', ranks: [9, 4, 2] }, [4], ['2 OUTRANKED']],
    ['members', { kind: 'members', members: ['m3', 'm1', 'unknown'] }, [], ['1 OUTRANKED', '3 AWAY']],
    [
      'names: every member with the name',
      { kind: 'names', names: ['dan', 'ann'] },
      [4],
      ['0 OUTRANKED', '2 OUTRANKED'],
    ],
    ['tags, among subordinates', { kind: 'tags', tags: { zone: 'west' } }, [], ['3 AWAY']],
    ['tags that no member has', { kind: 'tags', tags: { zone: 'north' } }, [], []],
  ])('R-CMD-2: %s, from rank 2', (_, target, allowed, refused) => {
    const judged = referenceAuthority(target, 2, roster);
    expect(judged.allowed).toEqual(allowed);
    expect(judged.refused.map(({ rank, code }) => `${rank} ${code}`)).toEqual(refused);
  });

  it.each<[ReferenceTarget, (number | string)[]]>([
    [{ kind: 'ranks', ranks: [9, 4, 5, 9] }, [9, 5]],
    [{ kind: 'members', members: ['m3', 'who', 'ann', 'who'] }, ['who', 'ann']],
    [{ kind: 'names', names: ['zoe', 'ann', 'm0'] }, ['zoe', 'm0']],
    [{ kind: 'tags', tags: { zone: 'north' } }, []],
    [{ kind: 'all' }, []],
  ])('R-CMD-3: the elements of %j that match no member', (target, unmatched) => {
    expect(referenceAuthority(target, 2, roster).unmatched).toEqual(unmatched);
  });

  it('R-ADMIN-1: an administrator is the superior of every member', () => {
    expect(referenceAuthority({ kind: 'all' }, -1, roster).allowed).toEqual([0, 1, 2, 4]);
  });
});

describe('the roster of the reference model', () => {
  const before = ['ann', 'bob', 'cy', 'dan'];

  it.each<[string, ReferenceChange<string>['kind'], string, number, string[]]>([
    ['R-JOIN-2: a newcomer is last', 'joined', 'eve', 4, ['ann', 'bob', 'cy', 'dan', 'eve']],
    ['R-VIEW-1: a member that leaves leaves no gap', 'left', 'bob', 1, ['ann', 'cy', 'dan']],
    ['a move up', 'moved', 'dan', 1, ['ann', 'dan', 'bob', 'cy']],
    ['a move down', 'moved', 'ann', 2, ['bob', 'cy', 'ann', 'dan']],
    ['R-VIEW-4: a member that is away keeps its rank', 'away', 'bob', 1, before],
    ['R-VIEW-6: a member that was restored is last', 'away', 'eve', 4, ['ann', 'bob', 'cy', 'dan', 'eve']],
    ['R-JOIN-6: a member that resumes keeps its rank', 'resumed', 'bob', 1, before],
  ])('%s', (_, kind, member, rank, after) => {
    expect(rosterAfter(before, { kind, member, rank })).toEqual(after);
  });
});
