import { describe, expect, it } from '@jest/globals';
import { judge, rangesOf, Roster, type Judgement, type Target } from '../../../../src/core/index.js';
import { AT, newcomer } from '../reference/entries.js';

/** Ranks 0 to 4 have the names ann, bob, ann, cy and dan. Even ranks have the zone east, odd ranks west. */
function fiveMembers(): Roster {
  const roster = new Roster();
  ['ann', 'bob', 'ann', 'cy', 'dan'].forEach((name, rank) => {
    const tags = { zone: rank % 2 === 0 ? 'east' : 'west', shape: 'round' };
    roster.add(newcomer(`m${rank}`, { name, tags }), AT);
  });
  return roster;
}

const judged = (senderRank: number, target: Target, refusedMax = 100): Judgement =>
  judge(fiveMembers(), senderRank, target, refusedMax);

const ranksIn = ({ ranges }: Judgement): number[] =>
  ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index));

const refusedIn = ({ refused }: Judgement): unknown[] =>
  refused.map(({ member, rank, code }) => [member.id, rank, code]);

const m = (rank: number): [string, number, string] => [`m${rank}`, rank, 'OUTRANKED'];

describe('authority', () => {
  it.each<[string, Target, number[], unknown[]]>([
    ['below', { kind: 'below' }, [3, 4], []],
    ['all', { kind: 'all' }, [3, 4], [m(0), m(1)]],
    ['ranks', { kind: 'ranks', ranks: [4, 0, 3] }, [3, 4], [m(0)]],
    ['ranks, with the sender’s own', { kind: 'ranks', ranks: [2, 3] }, [3], [m(2)]],
    ['ranks, repeated and beyond the last', { kind: 'ranks', ranks: [4, 4, 5, 1, 1, 99] }, [4], [m(1)]],
    ['members', { kind: 'members', members: ['m4', 'm1'] }, [4], [m(1)]],
    ['members, the sender itself', { kind: 'members', members: ['m2'] }, [], [m(2)]],
    ['members, repeated and unknown', { kind: 'members', members: ['m3', 'm3', 'who'] }, [3], []],
    ['names, all members with that name', { kind: 'names', names: ['dan', 'ann', 'ann'] }, [4], [m(0), m(2)]],
    ['names of no member', { kind: 'names', names: ['zoe', ''] }, [], []],
    ['tags, among subordinates only', { kind: 'tags', tags: { zone: 'east' } }, [4], []],
    ['tags, all of which must match', { kind: 'tags', tags: { zone: 'west', shape: 'round' } }, [3], []],
    ['tags, one of which no member has', { kind: 'tags', tags: { zone: 'west', shape: 'flat' } }, [], []],
    ['tags that are built into every object', { kind: 'tags', tags: { constructor: 'Object' } }, [], []],
    ['no tags at all: every subordinate', { kind: 'tags', tags: {} }, [3, 4], []],
    ['nobody', { kind: 'ranks', ranks: [] }, [], []],
  ])('R-CMD-2 divides the targets of rank 2: %s', (_what, target, recipients, refused) => {
    const judgement = judged(2, target);
    expect(ranksIn(judgement)).toEqual(recipients);
    expect(judgement.recipients).toBe(recipients.length);
    expect(refusedIn(judgement)).toEqual(refused);
    expect([judgement.outrankedCount, judgement.awayCount]).toEqual([refused.length, 0]);
  });

  it('R-CMD-2 accepts a command of rank 0 for every other member, and of the last rank for none', () => {
    expect(ranksIn(judged(0, { kind: 'all' }))).toEqual([1, 2, 3, 4]);
    expect(ranksIn(judged(4, { kind: 'below' }))).toEqual([]);
    expect(judged(4, { kind: 'all' })).toMatchObject({ ranges: [], recipients: 0, outrankedCount: 4 });
  });

  it('R-CMD-2 refuses away subordinates with AWAY and away superiors with OUTRANKED', () => {
    const roster = fiveMembers();
    for (const rank of [0, 3]) {
      const member = roster.at(rank);
      if (member) roster.setPresence(member, { kind: 'away', absence: 1, because: 'lost' });
    }
    const away = ['m3', 3, 'AWAY'];
    const all = judge(roster, 2, { kind: 'all' }, 100);
    expect([ranksIn(all), refusedIn(all)]).toEqual([[4], [m(0), m(1), away]]);
    expect([all.outrankedCount, all.awayCount]).toEqual([2, 1]);
    const below = judge(roster, 2, { kind: 'below' }, 0);
    expect([ranksIn(below), refusedIn(below), below.awayCount]).toEqual([[4], [], 1]);
    const some = judge(roster, 2, { kind: 'ranks', ranks: [3, 0] }, 100);
    expect([ranksIn(some), refusedIn(some)]).toEqual([[], [m(0), away]]);
  });

  it('R-ADMIN-1 accepts a command of an administrator (rank -1) for every member', () => {
    expect(ranksIn(judged(-1, { kind: 'all' }))).toEqual([0, 1, 2, 3, 4]);
    expect(judged(-1, { kind: 'members', members: ['m0'] })).toMatchObject({
      recipients: 1,
      outrankedCount: 0,
      awayCount: 0,
    });
  });

  it.each<[string, Target]>([
    ['all', { kind: 'all' }],
    ['ranks', { kind: 'ranks', ranks: [0, 1, 2, 3] }],
  ])('R-CMD-3 lists refused targets up to the limit, and counts all of them: %s', (_what, target) => {
    const [one, none] = [judged(4, target, 1), judged(4, target, 0)];
    expect([refusedIn(one), one.outrankedCount]).toEqual([[m(0)], 4]);
    expect([refusedIn(none), none.outrankedCount]).toEqual([[], 4]);
    expect(refusedIn(judged(4, target, 4))).toHaveLength(4);
  });

  it.each<[string, Target, (number | string)[]]>([
    ['ranks', { kind: 'ranks', ranks: [4, 5, 99, 0, 5] }, [5, 99]],
    [
      'members, also if the text is a name',
      { kind: 'members', members: ['m4', 'who', 'ann', 'm1', 'who'] },
      ['who', 'ann'],
    ],
    ['names', { kind: 'names', names: ['zoe', 'ann', 'dan', '', 'zoe', 'm1'] }, ['zoe', '', 'm1']],
    ['names, one of which is built into every object', { kind: 'names', names: ['constructor'] }, ['constructor']],
    ['ranks that all match', { kind: 'ranks', ranks: [0, 2, 4] }, []],
    ['tags', { kind: 'tags', tags: { zone: 'north' } }, []],
    ['all', { kind: 'all' }, []],
    ['below', { kind: 'below' }, []],
  ])('R-CMD-3 lists each element of the target that matches no member once: %s', (_what, target, unmatched) => {
    expect(judged(2, target).unmatched).toEqual(unmatched);
    expect(judged(2, target, 1).unmatched).toEqual(unmatched.slice(0, 1));
  });

  it('R-CMD-4 writes the recipients as the smallest number of ranges', () => {
    expect(rangesOf([])).toEqual([]);
    expect(rangesOf([1, 2, 3, 5, 7, 8])).toEqual([
      { from: 1, to: 4 },
      { from: 5, to: 6 },
      { from: 7, to: 9 },
    ]);
  });
});
