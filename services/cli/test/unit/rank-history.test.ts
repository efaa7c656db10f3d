import { describe, expect, it } from '@jest/globals';
import type { History, Roster } from '@rankd/client/observer';
import { rankHistory, type RankStep } from '../../src/rank-history.js';

type Kind = History['changes'][number]['cause']['kind'];

/** A history from changes of the form `kind member`, oldest first. */
function historyOf(deeds: readonly string[], firstSize = 0): History {
  let size = firstSize;
  const changes = deeds.map((deed, at) => {
    const [kind = '', member = ''] = deed.split(' ');
    size += kind === 'joined' ? 1 : kind === 'left' ? -1 : 0;
    const cause = { kind: kind as Kind, member, name: member };
    return { seq: at + 1, view: at + 1, at: '2026-11-23T10:00:00.000Z', cause, size };
  });
  return { group: 'default', epoch: 1, changes: changes.reverse() };
}

function rosterOf(members: string, epoch = 1): Roster {
  const rows = Array.from(members).map((member, rank) => ({
    rank,
    member,
    name: member,
    slot: rank,
    tags: {},
    address: '',
    joinedAt: '',
    state: 'present' as const,
  }));
  return { group: 'default', epoch, view: 1, size: rows.length, members: rows };
}

/** The rank changes, newest first: `c 2>1`, `+` for a join and `-` for a departure. */
const told = (history: History, roster: Roster): string[] =>
  rankHistory(history, roster).map(({ steps }) => steps.map(wordsOf).sort().join(' '));
const wordsOf = ({ member, was, rank }: RankStep): string => `${member}:${was ?? '+'}>${rank ?? '-'}`;

describe('the ranks in a history', () => {
  it('include the members that moved up when another left', () => {
    const history = historyOf(['joined a', 'joined b', 'joined c', 'left a', 'away b', 'resumed b']);
    expect(told(history, rosterOf('bc'))).toEqual(['', '', 'a:0>- b:1>0 c:2>1', 'c:+>2', 'b:+>1', 'a:+>0']);
  });

  it('include the old rank of a moved member, computed from the current roster', () => {
    const history = historyOf(['joined a', 'joined b', 'joined c', 'moved c']);
    expect(told(history, rosterOf('cab'))[0]).toBe('a:0>1 b:1>2 c:2>0');
    expect(told(history, rosterOf('acb'))[0]).toBe('b:1>2 c:2>1');
  });

  it('include only what is certain: the moved member has left since', () => {
    const history = historyOf(['joined a', 'joined b', 'joined c', 'moved c', 'left c']);
    // The moved member had rank 0 or 1. In both cases b went down by one and came up again.
    expect(told(history, rosterOf('ab'))).toEqual(['b:2>1', 'b:1>2', 'c:+>2', 'b:+>1', 'a:+>0']);
  });

  it.each([
    ['does not begin with the first member', historyOf(['joined c', 'left a'], 2), rosterOf('bc')],
    ['is of another epoch', historyOf(['joined a']), rosterOf('a', 2)],
    ['does not end in the current roster', historyOf(['joined a', 'joined b']), rosterOf('ba')],
  ])('are unknown if the history %s', (_, history, roster) => {
    expect(told(history, roster)).toEqual(history.changes.map(() => ''));
  });

  it('are unknown if there are too many possible orders', () => {
    const names = Array.from({ length: 40 }, (_, at) => String.fromCodePoint(65 + at));
    const deeds = [
      ...names.map(name => `joined ${name}`),
      'moved A',
      'moved B',
      'moved C',
      'left A',
      'left B',
      'left C',
    ];
    expect(told(historyOf(deeds), rosterOf(names.slice(3).join('')))).toEqual(deeds.map(() => ''));
  });
});
