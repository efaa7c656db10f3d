/** R-RESIGN-1: a member gives up its rank and stays in the group. */

import type { Cause, Effect } from '../effects.js';
import type { ResignedEntry } from '../entries.js';
import { type Member, sessionOf } from '../roster/member.js';
import type { Roster } from '../roster/roster.js';
import type { VersionedRoster } from '../roster/versioned-roster.js';
import type { Departures } from './departures.js';
import type { GracePeriods } from './grace-period.js';

/** The parts of a group that resignations change. */
export interface ResignationParts {
  readonly versioned: VersionedRoster;
  readonly departures: Pick<Departures, 'isFrozen' | 'releaseHandover'>;
  readonly gracePeriods: Pick<GracePeriods, 'restartTimer'>;
}

/**
 * Moves a member that has resigned behind the last present member. Its session has stopped acting on its rank, so the decisions that waited
 * for that are applied first (R-LEAD-1).
 */
export class Resignations {
  readonly #parts: ResignationParts;

  constructor(parts: ResignationParts) {
    this.#parts = parts;
  }

  /** Applies a resignation. An entry about an earlier session of the member, or after the freeze, has no effect. */
  apply({ member: id, session, at }: ResignedEntry): Effect[] {
    const { versioned, departures } = this.#parts;
    const member = versioned.roster.member(id);
    if (member === undefined || sessionOf(member) !== session || departures.isFrozen) return [];
    // Drop `reassure`: only the answer below may send the view that permits the member to act.
    const decided = departures.releaseHandover(member, at).filter(({ kind }) => kind !== 'reassure');
    // The decisions may have removed the member.
    return sessionOf(member) === session ? [...decided, ...this.#moveBehind(member, session, at)] : decided;
  }

  #moveBehind(member: Member, session: string, at: number): Effect[] {
    const { versioned, gracePeriods } = this.#parts;
    const { roster } = versioned;
    const from = roster.rankOf(member);
    const to = lastPresentRank(roster, from);
    const cause: Cause = { kind: 'moved', member, rank: to, reason: 'RESIGNED' };
    const answer: Effect = { kind: 'resignation', session, cause };
    if (to === from) return [answer];
    roster.move(member, to);
    return [
      versioned.recordChange(cause, at, { from, to: to + 1 }, to - from),
      answer,
      ...(from === 0 ? gracePeriods.restartTimer(roster.leader, at) : []),
    ];
  }
}

/** Returns the rank of the last present member from `from` on. Returns `from` if every member behind it is away. */
function lastPresentRank(roster: Roster, from: number): number {
  let rank = roster.size - 1;
  while (rank > from && roster.at(rank)?.presence.kind !== 'present') rank -= 1;
  return rank;
}
