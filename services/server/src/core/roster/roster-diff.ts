/** The difference between two views of a roster (R-VIEW-2). */

import { assertNever } from '../assert-never.js';
import type { RosterChangedEffect } from '../effects.js';
import type { Member } from './member.js';
import type { Roster } from './roster.js';

/** A member with its rank after the changes. */
export interface RankedMember {
  readonly member: Member;
  readonly rank: number;
}

/**
 * The difference between an earlier and a later view (R-VIEW-2). To get the later roster, remove `left` and `moved` from the earlier one.
 * Then insert `joined` and `moved` at their ranks, smallest first. A member that joined and left in between is in no list. `left` is in
 * the order of leaving. The other lists are by rank.
 */
export interface RosterDiff {
  readonly joined: readonly RankedMember[];
  readonly left: readonly { readonly member: Member; readonly reason: string }[];
  readonly moved: readonly RankedMember[];
  readonly away: readonly RankedMember[];
  readonly resumed: readonly RankedMember[];
}

/** Returns the difference that `changes` have made. `roster` is the roster after the last of them. */
export function rosterDiff(changes: readonly RosterChangedEffect[], roster: Roster): RosterDiff {
  const joined = new Set<Member>();
  const moved = new Set<Member>();
  const away = new Set<Member>();
  const resumed = new Set<Member>();
  const left = new Map<Member, string>();
  for (const { cause } of changes) {
    const { kind, member, reason } = cause;
    switch (kind) {
      case 'joined':
        joined.add(member);
        break;
      case 'moved':
        moved.add(member);
        break;
      case 'away':
        resumed.delete(member);
        away.add(member);
        break;
      case 'resumed':
        away.delete(member);
        resumed.add(member);
        break;
      case 'left':
        for (const set of [moved, away, resumed]) set.delete(member);
        if (!joined.delete(member)) left.set(member, reason ?? '');
        break;
      default:
        assertNever(kind);
    }
  }
  // A member in `joined` is in no other list, because `joined` contains its rank and state.
  for (const set of [moved, away, resumed]) for (const member of joined) set.delete(member);
  return {
    joined: ranked(joined, roster),
    left: [...left].map(([member, reason]) => ({ member, reason })),
    moved: ranked(moved, roster),
    away: ranked(away, roster),
    resumed: ranked(resumed, roster),
  };
}

function ranked(members: ReadonlySet<Member>, roster: Roster): RankedMember[] {
  return [...members].map(member => ({ member, rank: roster.rankOf(member) })).sort((a, b) => a.rank - b.rank);
}
