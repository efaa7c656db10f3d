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
  readonly refusedCount: number;
}

/**
 * R-CMD-2: only members whose rank number is larger than the sender's may execute its commands. Judged once, on the
 * roster as it stands at the command's place in the order.
 */
export function judge(roster: Roster, senderRank: number, target: Target, refusedMax: number): Judgement {
  switch (target.kind) {
    case 'below':
      return allow(roster, { from: senderRank + 1, to: roster.size }, [], 0);
    case 'all': {
      const superiors = roster.slice(0, Math.min(senderRank, refusedMax));
      const refused = superiors.map((member, rank) => ({ member, rank, code: 'OUTRANKED' as const }));
      return allow(roster, { from: senderRank + 1, to: roster.size }, refused, senderRank);
    }
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

function allow(roster: Roster, range: RankRange, refused: readonly RefusedTarget[], refusedCount: number): Judgement {
  const recipients = Math.max(0, Math.min(range.to, roster.size) - range.from);
  return { ranges: recipients === 0 ? [] : [range], recipients, refused, refusedCount };
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
  const ranks = [...new Set(aimedAt)].filter(rank => rank < roster.size).sort((a, b) => a - b);
  const refusedRanks = ranks.filter(rank => rank <= senderRank);
  const recipients = ranks.slice(refusedRanks.length);
  return {
    ranges: rangesOf(recipients),
    recipients: recipients.length,
    refused: refusedRanks.slice(0, refusedMax).flatMap(rank => {
      const member = roster.at(rank);
      return member === undefined ? [] : [{ member, rank, code: 'OUTRANKED' as const }];
    }),
    refusedCount: refusedRanks.length,
  };
}
