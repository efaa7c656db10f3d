/** R-VIEW-4 and R-VIEW-6: keeps the seats of away members for their grace periods, and restores the order after a restart. */

import { assertNever } from '../assert-never.js';
import type { Effect } from '../effects.js';
import type { DepartedEntry, GraceEndedEntry, RestoredEntry } from '../entries.js';
import type { GroupLimits } from '../group-limits.js';
import {
  type AwayBecause,
  type AwayPresence,
  type Member,
  mayActMsOf,
  type NumberedAway,
  type Timekeeper,
} from '../roster/member.js';
import { noRanks, type VersionedRoster } from '../roster/versioned-roster.js';
import { graceLeftMs } from './format-one-rules.js';

/**
 * Keeps the seats of away members (R-VIEW-4, R-VIEW-6). A grace period is the time for which an away member keeps its rank and slot. It
 * begins when the member is marked away. Servers measure it: this class knows only how long it must be.
 */
export class GracePeriods {
  readonly #versioned: VersionedRoster;
  readonly #limits: GroupLimits;
  #timekeeper: Timekeeper;
  #absences = 0;

  constructor(versioned: VersionedRoster, limits: GroupLimits, timekeeper: Timekeeper) {
    this.#versioned = versioned;
    this.#limits = limits;
    this.#timekeeper = timekeeper;
  }

  /** Who measures for how long members are away. */
  get timekeeper(): Timekeeper {
    return this.#timekeeper;
  }

  /** The number of the last absence. 0 before the first one. */
  get absences(): number {
    return this.#absences;
  }

  /** Loads a snapshot: the number of its last absence. */
  load(absences: number): void {
    this.#absences = absences;
  }

  /**
   * From now on servers measure the absences. Every absence gets a number, and its measurement begins again. A leader that has lost its
   * connection may act for suspendMs from now if the close was no proof (R-LEAD-1). Returns the effects with the new durations.
   */
  adoptServerClocks(at: number): Effect[] {
    this.#timekeeper = 'servers';
    const { roster } = this.#versioned;
    return [...roster.slice()].flatMap(member => {
      if (member.presence.kind !== 'away') return [];
      const { because } = member.presence;
      const mayActMs = because === 'lost' && this.#limits.graceLeaderMs === 0 ? 0 : undefined;
      roster.setPresence(member, this.#beginAbsence(because, at, mayActMs));
      return this.restartTimer(member, at);
    });
  }

  /** Whether `member` keeps its seat when its connection is lost. */
  appliesTo(member: Member): boolean {
    return this.#settingMs(member, 'lost') > 0;
  }

  /**
   * Marks a member away that has lost its connection (R-VIEW-4). The client also suspends itself when it loses the connection. If a proxy
   * may have closed only the server's end, the member may act for the `mayActMs` of the entry (R-LEAD-1).
   */
  startLostGrace(member: Member, { reason, at, mayActMs }: DepartedEntry): Effect[] {
    return this.startGrace(member, 'lost', reason, at, this.#limits.graceLeaderMs > 0 ? mayActMs : 0);
  }

  /**
   * Marks `member` away and starts its grace period (R-VIEW-4). `reason` is the code that other members see. `at` is the wall time of the
   * change. The member may act on its rank for `mayActMs`; undefined: suspendMs.
   */
  startGrace(member: Member, because: AwayBecause, reason: string, at: number, mayActMs?: number): Effect[] {
    const { roster } = this.#versioned;
    roster.setPresence(member, this.#beginAbsence(because, at, mayActMs));
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
      const member = roster.restore(seat, this.#beginAbsence('restart', at));
      const cause = { kind: 'away', member, rank: roster.size - 1, reason: 'RESTARTED' } as const;
      effects.push(this.#versioned.recordChange(cause, at, noRanks, 0), ...this.restartTimer(member, at));
    }
    return effects;
  }

  #beginAbsence(because: AwayBecause, at: number, mayActMs?: number): AwayPresence {
    if (this.#timekeeper === 'entries') return { kind: 'away', since: at, because };
    this.#absences += 1;
    const away = { kind: 'away', because, absence: this.#absences } as const;
    return mayActMs === undefined ? away : { ...away, mayActMs };
  }

  /**
   * Returns the effect with the whole grace period of an away member. Returns nothing if the member is not away. Must be called again when
   * the member starts or stops leading, because the grace period of the leader has another length. `at` is the wall time of the change,
   * which counts only in format 1 of the log.
   */
  restartTimer(member: Member | undefined, at: number): Effect[] {
    if (member?.presence.kind !== 'away') return [];
    const { epoch } = this.#versioned;
    const { presence } = member;
    if ('since' in presence) {
      const ms = Math.max(0, graceLeftMs(presence, this.#leads(member), this.#limits, at));
      return [{ kind: 'grace', epoch, member, absence: undefined, ms }];
    }
    return [{ kind: 'grace', epoch, member, absence: presence.absence, ms: this.#durationMs(member, presence) }];
  }

  /** Whether the claim is about the present absence of `member`. False if the member is not away. */
  concerns({ presence }: Member, { absence }: GraceEndedEntry): boolean {
    return presence.kind === 'away' && ('since' in presence || presence.absence === absence);
  }

  /** Whether the grace period of `member` has passed, according to a claim about this absence. False if the member is not away. */
  isOver(member: Member, { ms = 0, at }: GraceEndedEntry): boolean {
    const { presence } = member;
    if (presence.kind !== 'away') return false;
    if ('since' in presence) return graceLeftMs(presence, this.#leads(member), this.#limits, at) <= 0;
    return ms >= this.#durationMs(member, presence);
  }

  /** Returns the length of a grace period. A leader keeps its seat at least for as long as it may act on its rank (R-LEAD-1). */
  #durationMs(member: Member, presence: NumberedAway): number {
    const setMs = this.#settingMs(member, presence.because);
    return this.#leads(member) ? Math.max(setMs, mayActMsOf(presence, this.#limits)) : setMs;
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

  /** Returns the effects with the grace period of every away member, by rank. */
  pending(at: number): Effect[] {
    return this.#versioned.roster.slice().flatMap(member => this.restartTimer(member, at));
  }
}
