/** R-VIEW-4 and R-VIEW-6: keeps the seats of away members for their grace periods, and restores the order after a restart. */

import { assertNever } from '../assert-never.js';
import type { Effect } from '../effects.js';
import type { DepartedEntry, RestoredEntry } from '../entries.js';
import type { GroupLimits } from '../group-limits.js';
import { type AwayBecause, type AwayPresence, type Member, mayActUntil } from '../roster/member.js';
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
    return this.#settingMs(member, 'lost') > 0;
  }

  /**
   * Marks a member away that has lost its connection (R-VIEW-4). Its client suspends itself when it loses the connection, too. If a proxy
   * may have closed only the server's end, the member may act for the `mayActMs` of the entry (R-LEAD-1).
   */
  startLostGrace(member: Member, { reason, at, mayActMs }: DepartedEntry): Effect[] {
    return this.startGrace(member, 'lost', reason, at, this.#limits.graceLeaderMs > 0 ? mayActMs : 0);
  }

  /**
   * Marks `member` away and starts its grace period (R-VIEW-4). `reason` is the code that other members see. `at` is the time in
   * milliseconds since 1970. The member may act on its rank for `mayActMs`; undefined: suspendMs.
   */
  startGrace(member: Member, because: AwayBecause, reason: string, at: number, mayActMs?: number): Effect[] {
    const { roster } = this.#versioned;
    const away = { kind: 'away', since: at, because } as const;
    roster.setPresence(member, mayActMs === undefined ? away : { ...away, mayActMs });
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
    const graceMs = Math.max(0, this.#graceEndsAt(member, member.presence) - at);
    return [{ kind: 'grace', epoch: this.#versioned.epoch, member, graceMs }];
  }

  /** Whether the grace period of `member` has passed at the time `at`. False if the member is not away. */
  isOver(member: Member, at: number): boolean {
    const { presence } = member;
    return presence.kind === 'away' && at >= this.#graceEndsAt(member, presence);
  }

  /** Returns the end of a grace period. A leader keeps its seat at least for as long as it may act on its rank (R-LEAD-1). */
  #graceEndsAt(member: Member, presence: AwayPresence): number {
    const endsAt = presence.since + this.#settingMs(member, presence.because);
    return this.#leads(member) ? Math.max(endsAt, mayActUntil(presence, this.#limits)) : endsAt;
  }

  #leads(member: Member): boolean {
    return this.#versioned.roster.leader === member;
  }

  /** Returns the length of a grace period by the settings alone, in milliseconds. */
  #settingMs(member: Member, because: AwayBecause): number {
    const { graceMs, graceLeaderMs, reformMs, graceServerMs } = this.#limits;
    switch (because) {
      case 'lost':
        return this.#leads(member) ? graceLeaderMs : graceMs;
      case 'restart':
        return reformMs;
      case 'server':
        return graceServerMs;
      case 'contest':
        return this.#leads(member) ? Math.max(graceServerMs, graceLeaderMs) : graceServerMs;
      default:
        return assertNever(because);
    }
  }

  /** Returns the effects for the rest of every away member's grace period, by rank. */
  pending(at: number): Effect[] {
    return this.#versioned.roster.slice().flatMap(member => this.restartTimer(member, at));
  }
}
