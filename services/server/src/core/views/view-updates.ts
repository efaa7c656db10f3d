/** Decides which view each session has yet to receive (R-VIEW-1, R-VIEW-2). */

import type { Cause, RosterChangedEffect } from '../effects.js';
import type { Member } from '../roster/member.js';
import { type RosterDiff, rosterDiff } from '../roster/roster-diff.js';
import type { Roster } from '../roster/roster.js';

/** Which changes a session receives views for: the field `updates` of its `hello` (R-JOIN-1). */
export type Interest = 'rank' | 'size' | 'roster';

/** The content of the last view or welcome that a session has received. An observer has no rank. */
export interface LastSeen {
  readonly view: number;
  readonly rank: number | undefined;
  readonly size: number;
  readonly leader: Member | undefined;
}

/** The view that a session has yet to receive (R-VIEW-2). */
export interface ViewUpdate {
  readonly view: number;
  readonly seq: number;
  readonly rank: number | undefined;
  readonly was: number | undefined;
  readonly size: number;
  readonly leader: Member | undefined;
  readonly changes: number;
  readonly cause: Cause;
  /** The changed members, for sessions with the interest `roster`. */
  readonly diff: RosterDiff | undefined;
}

/**
 * Decides which view each session has yet to receive: one for all changes since its last one, and only if its rank, the leader or what
 * `updates` names has changed (R-VIEW-1, R-VIEW-2).
 */
export class ViewUpdates {
  readonly #roster: Roster;
  #unsent: RosterChangedEffect[] = [];
  #sentView = 0;

  constructor(roster: Roster) {
    this.#roster = roster;
  }

  /** Whether there are changes that a session may have yet to receive. */
  get hasUnsent(): boolean {
    return this.#unsent.length > 0;
  }

  recordChange(change: RosterChangedEffect): void {
    this.#unsent.push(change);
  }

  /** Records that every session has received its view. */
  markAllSent(): void {
    this.#sentView = this.#unsent.at(-1)?.view ?? this.#sentView;
    this.#unsent = [];
  }

  /** Returns what a session has last seen after its welcome. `member` is undefined for an observer. */
  lastSeenByWelcome(member: Member | undefined, view: number): LastSeen {
    const rank = member === undefined ? undefined : this.#roster.rankOf(member);
    return { view, rank, size: this.#roster.size, leader: this.#roster.leader };
  }

  /** Returns the view that a session has yet to receive, or undefined if nothing in its interest has changed. */
  updateFor(member: Member | undefined, lastSeen: LastSeen, interest: Interest): ViewUpdate | undefined {
    const last = this.#unsent.at(-1);
    if (last === undefined || lastSeen.view >= last.view) return undefined;
    const { leader, size } = this.#roster;
    const rank = member === undefined ? undefined : this.#roster.rankOf(member);
    const concerned =
      interest === 'roster' ||
      rank !== lastSeen.rank ||
      leader !== lastSeen.leader ||
      (interest === 'size' && size !== lastSeen.size);
    if (!concerned) return undefined;
    const since = Math.max(lastSeen.view, this.#sentView);
    const changes = last.view - since;
    const cause = this.#causeFor(rank, since) ?? last.cause;
    const diff = interest === 'roster' ? rosterDiff(this.#changesSince(since), this.#roster) : undefined;
    return { view: last.view, seq: last.seq, rank, was: lastSeen.rank, size, leader, changes, cause, diff };
  }

  #changesSince(view: number): RosterChangedEffect[] {
    return this.#unsent.filter(change => change.view > view);
  }

  /**
   * Returns the cause of the last change that has shifted the member at `rank`. No later change has shifted this member, so it had the
   * same rank after each of them; the search from the newest change back can therefore compare with one rank.
   */
  #causeFor(rank: number | undefined, since: number): Cause | undefined {
    if (rank === undefined) return undefined;
    for (let index = this.#unsent.length - 1; index >= 0; index -= 1) {
      const change = this.#unsent[index];
      if (change === undefined || change.view <= since) return undefined;
      if (change.shifted.from <= rank && rank < change.shifted.to) return change.cause;
    }
    return undefined;
  }
}

/** Returns what a session has last seen after it has received `update`. */
export function lastSeenAfter(update: ViewUpdate): LastSeen {
  return { view: update.view, rank: update.rank, size: update.size, leader: update.leader };
}
