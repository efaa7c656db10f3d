import { assertNever } from './assert-never.js';
import type { RefusedTarget } from './effects.js';
import type { Target } from './entries.js';
import { rangesOf, type RankRange } from './rank-range.js';
import type { Roster } from './roster.js';

/** Who may execute a command, and who of those aimed at may not. */
export interface Judgement {
  readonly ranges: readonly RankRange[];
  readonly recipients: number;
  readonly refused: readonly RefusedTarget[];
  readonly outrankedCount: number;
  readonly awayCount: number;
}

/**
 * R-CMD-2: only members whose rank number is larger than the sender's may execute its commands, and only those that are
 * present can. Judged once, on the roster as it stands at the command's place in the order. An administrator's rank is -1.
 */
export function judge(roster: Roster, senderRank: number, target: Target, refusedMax: number): Judgement {
  switch (target.kind) {
    case 'below':
      return judgeBelow(roster, senderRank, 0, refusedMax);
    case 'all':
      return judgeBelow(roster, senderRank, Math.max(0, senderRank), refusedMax);
    case 'ranks':
      return sift(roster, senderRank, target.ranks, refusedMax);
    case 'members':
      return sift(roster, senderRank, ranksOfMembers(roster, target.members), refusedMax);
    case 'names': {
      const names = new Set(target.names);
      const ranks = ranksWhere(roster, 0, rank => names.has(roster.at(rank)?.name ?? ''));
      return sift(roster, senderRank, ranks, refusedMax);
    }
    case 'tags': {
      const wanted = Object.entries(target.tags);
      const bears = (rank: number): boolean => wanted.every(([key, value]) => roster.at(rank)?.tags[key] === value);
      return sift(roster, senderRank, ranksWhere(roster, senderRank + 1, bears), refusedMax);
    }
    default:
      return assertNever(target);
  }
}

/** Everybody below the sender; the first `superiors` ranks were aimed at too, in vain. */
function judgeBelow(roster: Roster, senderRank: number, superiors: number, refusedMax: number): Judgement {
  const from = senderRank + 1;
  const to = roster.size;
  if (roster.awayCount > 0) {
    const aimedAt = ranksWhere(roster, 0, rank => rank < superiors || rank >= from);
    return sift(roster, senderRank, aimedAt, refusedMax);
  }
  const recipients = Math.max(0, to - from);
  return {
    ranges: recipients === 0 ? [] : [{ from, to }],
    recipients,
    refused:
      superiors === 0
        ? []
        : roster.slice(0, Math.min(superiors, refusedMax)).map((member, rank) => ({ member, rank, code: 'OUTRANKED' })),
    outrankedCount: superiors,
    awayCount: 0,
  };
}

function ranksOfMembers(roster: Roster, ids: readonly string[]): number[] {
  return ids.flatMap(id => {
    const member = roster.member(id);
    return member === undefined ? [] : [roster.rankOf(member)];
  });
}

function ranksWhere(roster: Roster, from: number, holds: (rank: number) => boolean): number[] {
  const ranks: number[] = [];
  for (let rank = from; rank < roster.size; rank += 1) if (holds(rank)) ranks.push(rank);
  return ranks;
}

/** Divides those aimed at, in any order and named any number of times, into recipients and refused. */
function sift(roster: Roster, senderRank: number, aimedAt: readonly number[], refusedMax: number): Judgement {
  const recipients: number[] = [];
  const refused: RefusedTarget[] = [];
  let awayCount = 0;
  for (const rank of [...new Set(aimedAt)].sort((a, b) => a - b)) {
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
    refused: refused.slice(0, refusedMax),
    outrankedCount: refused.length - awayCount,
    awayCount,
  };
}
