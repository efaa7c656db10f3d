/** R-VIEW-4 and R-VIEW-6: keeps the seats of away members for their grace periods, and restores the order after a restart. */

import { assertNever } from '../assert-never.js';
import type { Effect } from '../effects.js';
import type { RestoredEntry } from '../entries.js';
import type { GroupLimits } from '../group-limits.js';
import type { AwayBecause, Member } from '../roster/member.js';
import { noRanks, type VersionedRoster } from '../roster/versioned-roster.js';

/**
 * Keeps the seats of away members (R-VIEW-4, R-VIEW-6). A grace period is the time for which an away member keeps its rank and slot. It
 * begins when the member is marked away.
 */
export class GracePeriods {
  readonly #versioned: VersionedRoster;
  readonly #limits: GroupLimits;

  constructor(versioned: VersionedRoster, limits: GroupLimits) {
    this.#versioned = versioned;
    this.#limits = limits;
  }

  /** Whether `member` keeps its seat when its connection is lost. */
  appliesTo(member: Member): boolean {
    return this.#graceMs(member, 'lost') > 0;
  }

  /**
   * Marks `member` away and starts its grace period (R-VIEW-4). `reason` is the code that other members see. `at` is the time in
   * milliseconds since 1970.
   */
  startGrace(member: Member, because: AwayBecause, reason: string, at: number): Effect[] {
    const { roster } = this.#versioned;
    roster.setPresence(member, { kind: 'away', since: at, because });
    const changed = this.#versioned.recordChange(
      { kind: 'away', member, rank: roster.rankOf(member), reason },
      at,
      noRanks,
      0,
    );
    return [changed, ...this.restartTimer(member, at)];
  }

  /** Restores the seats from before a restart in their order. All their members are away, with the reason RESTARTED (R-VIEW-6). */
  restoreSeats({ seats, at }: RestoredEntry): Effect[] {
    const { roster } = this.#versioned;
    const effects: Effect[] = [];
    for (const seat of seats) {
      if (roster.member(seat.id) !== undefined) continue;
      const member = roster.restore(seat, at);
      const cause = { kind: 'away', member, rank: roster.size - 1, reason: 'RESTARTED' } as const;
      effects.push(this.#versioned.recordChange(cause, at, noRanks, 0), ...this.restartTimer(member, at));
    }
    return effects;
  }

  /**
   * Returns the effect for the rest of an away member's grace period. Returns nothing if the member is not away. Must be called again when
   * the member starts or stops leading, because the grace period of the leader has another length.
   */
  restartTimer(member: Member | undefined, at: number): Effect[] {
    if (member?.presence.kind !== 'away') return [];
    const { since, because } = member.presence;
    const graceMs = Math.max(0, since + this.#graceMs(member, because) - at);
    return [{ kind: 'grace', epoch: this.#versioned.epoch, member, graceMs }];
  }

  /** Whether the grace period of `member` has passed at the time `at`. False if the member is not away. */
  isOver(member: Member, at: number): boolean {
    const { presence } = member;
    return presence.kind === 'away' && at - presence.since >= this.#graceMs(member, presence.because);
  }

  /**
   * Returns the length of a grace period in milliseconds. A leader whose server is lost, or that may have another session, may act until
   * it suspends itself. Its grace period is therefore at least suspendMs (R-LEAD-1).
   */
  #graceMs(member: Member, because: AwayBecause): number {
    const { graceMs, graceLeaderMs, reformMs, graceServerMs, suspendMs } = this.#limits;
    const leads = this.#versioned.roster.leader === member;
    switch (because) {
      case 'lost':
        return leads ? graceLeaderMs : graceMs;
      case 'restart':
        return leads ? Math.max(reformMs, suspendMs) : reformMs;
      case 'server':
      case 'contest':
        return leads ? Math.max(graceServerMs, suspendMs) : graceServerMs;
      default:
        return assertNever(because);
    }
  }

  /** Returns the effects for the rest of every away member's grace period, by rank. */
  pending(at: number): Effect[] {
    return this.#versioned.roster.slice().flatMap(member => this.restartTimer(member, at));
  }
}
