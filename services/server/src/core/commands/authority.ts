/** R-CMD-2: decides once which members execute a command. */

import { assertNever } from '../assert-never.js';
import type { RefusedTarget, UnmatchedTarget } from '../effects.js';
import type { Target } from '../entries.js';
import type { Member } from '../roster/member.js';
import { rangesOf, type RankRange } from '../roster/rank-range.js';
import type { Roster } from '../roster/roster.js';

/**
 * The recipients of a command as ranges of ranks, the refused targets, and the ranks, member ids or names that match no member. `refused`
 * and `unmatched` list some of them; the counts include all.
 */
export interface Judgement {
  readonly ranges: readonly RankRange[];
  readonly recipients: number;
  readonly refused: readonly RefusedTarget[];
  readonly outrankedCount: number;
  readonly awayCount: number;
  readonly unmatched: readonly UnmatchedTarget[];
}

/**
 * Decides who executes a command (R-CMD-2): the targeted members that are present and whose rank number is larger than the sender's.
 * Superiors and the sender itself are refused with OUTRANKED, away members with AWAY. The decision uses the roster at the position of the
 * command in the log. An administrator's rank is -1. Lists at most `listedMax` refused targets and at most `listedMax` targets that
 * match no member.
 */
export function judge(roster: Roster, senderRank: number, target: Target, listedMax: number): Judgement {
  switch (target.kind) {
    case 'below':
      return judgeBelow(roster, senderRank, 0, listedMax);
    case 'all':
      return judgeBelow(roster, senderRank, Math.max(0, senderRank), listedMax);
    case 'ranks': {
      const unmatched = target.ranks.filter(rank => rank >= roster.size);
      return sift(roster, senderRank, { ranks: target.ranks, unmatched }, listedMax);
    }
    case 'members': {
      const unmatched = target.members.filter(id => roster.member(id) === undefined);
      return sift(roster, senderRank, { ranks: ranksOfMembers(roster, target.members), unmatched }, listedMax);
    }
    case 'names': {
      const names = new Set(target.names);
      const ranks = ranksWhere(roster, 0, member => names.has(member.name));
      for (const rank of ranks) names.delete(roster.at(rank)?.name ?? '');
      return sift(roster, senderRank, { ranks, unmatched: [...names] }, listedMax);
    }
    case 'tags': {
      const wanted = Object.entries(target.tags);
      const bears = ({ tags }: Member): boolean => wanted.every(([key, value]) => tags[key] === value);
      return sift(roster, senderRank, { ranks: ranksWhere(roster, senderRank + 1, bears), unmatched: [] }, listedMax);
    }
    default:
      return assertNever(target);
  }
}

/**
 * Decides for the targets `below` and `all`. All present subordinates are recipients, and the first `superiors` ranks are refused. The
 * cost does not grow with the number of recipients, because they are ranges.
 */
function judgeBelow(roster: Roster, senderRank: number, superiors: number, listedMax: number): Judgement {
  const from = senderRank + 1;
  const to = roster.size;
  if (roster.away.size === 0 && superiors === 0) {
    const recipients = Math.max(0, to - from);
    const ranges = recipients === 0 ? [] : [{ from, to }];
    return { ranges, recipients, refused: [], outrankedCount: 0, awayCount: 0, unmatched: [] };
  }
  const away = [...roster.away].map(member => roster.rankOf(member)).sort((a, b) => a - b);
  const awayBelow = away.filter(rank => rank >= from);
  const outranked = roster
    .slice(0, Math.min(superiors, listedMax))
    .map((member, rank) => refusal(member, rank, 'OUTRANKED'));
  const absent = awayBelow.slice(0, listedMax - outranked.length).flatMap(rank => {
    const member = roster.at(rank);
    return member === undefined ? [] : [refusal(member, rank, 'AWAY')];
  });
  return {
    ranges: rangesBetween(from, to, awayBelow),
    recipients: Math.max(0, to - from) - awayBelow.length,
    refused: [...outranked, ...absent],
    outrankedCount: superiors,
    awayCount: awayBelow.length,
    unmatched: [],
  };
}

function refusal(member: Member, rank: number, code: RefusedTarget['code']): RefusedTarget {
  return { member, rank, code };
}

/**
 * Returns the ranges from `from` to `to` (excluded) without the ranks `without`. `without` must be strictly increasing and inside the
 * range.
 */
function rangesBetween(from: number, to: number, without: readonly number[]): RankRange[] {
  const ranges: RankRange[] = [];
  let start = from;
  for (const rank of [...without, to]) {
    if (start < rank) ranges.push({ from: start, to: rank });
    start = rank + 1;
  }
  return ranges;
}

function ranksOfMembers(roster: Roster, ids: readonly string[]): number[] {
  return ids.flatMap(id => {
    const member = roster.member(id);
    return member === undefined ? [] : [roster.rankOf(member)];
  });
}

function ranksWhere(roster: Roster, from: number, holds: (member: Member) => boolean): number[] {
  return roster.slice(from).flatMap((member, index) => (holds(member) ? [from + index] : []));
}

/** The targets of a command with a list. Both lists may be in any order, and a rank may occur twice. */
interface ListedTargets {
  /** The targeted ranks. Ranks without a member are ignored. */
  readonly ranks: readonly number[];
  /** The elements of the command's list that match no member. */
  readonly unmatched: readonly UnmatchedTarget[];
}

/** Divides the targeted ranks into recipients and refused targets. */
function sift(roster: Roster, senderRank: number, targets: ListedTargets, listedMax: number): Judgement {
  const recipients: number[] = [];
  const refused: RefusedTarget[] = [];
  let awayCount = 0;
  for (const rank of [...new Set(targets.ranks)].sort((a, b) => a - b)) {
    const member = roster.at(rank);
    if (member === undefined) continue;
    if (rank <= senderRank) refused.push({ member, rank, code: 'OUTRANKED' });
    else if (member.presence.kind === 'present') recipients.push(rank);
    else {
      refused.push({ member, rank, code: 'AWAY' });
      awayCount += 1;
    }
  }
  return {
    ranges: rangesOf(recipients),
    recipients: recipients.length,
    refused: refused.slice(0, listedMax),
    outrankedCount: refused.length - awayCount,
    awayCount,
    unmatched: [...new Set(targets.unmatched)].slice(0, listedMax),
  };
}
