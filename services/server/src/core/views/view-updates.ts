/** Decides which view each session has not received yet (R-VIEW-1, R-VIEW-2). A view is the roster at one moment, with a number. */

import type { Cause, RosterChangedEffect } from '../effects.js';
import type { Member } from '../roster/member.js';
import { type RosterDiff, rosterDiff } from '../roster/roster-diff.js';
import type { Roster } from '../roster/roster.js';

/** Which changes a session receives views for: the field `updates` of its `hello` (R-JOIN-1). */
export type Interest = 'rank' | 'size' | 'roster';

/**
 * When a view is sent. A cycle is one round in which the gateway writes to all sessions. `cycle-end`: at the end of the cycle of the
 * change. A view in which only the size is new is held at that moment. `due`: before a frame that must follow the view, or when the delay
 * of held sizes has passed (R-JOIN-1).
 */
export type Moment = 'cycle-end' | 'due';

/** The values of the last view or welcome that a session received. An observer has no rank. */
export interface LastSeen {
  readonly view: number;
  readonly rank: number | undefined;
  readonly size: number;
  readonly leader: Member | undefined;
}

/**
 * The content of a view that a session has not received yet (R-VIEW-2). `was` is the rank that the session received last. `changes` counts
 * the changes that the view contains.
 */
export interface ViewUpdate {
  readonly view: number;
  readonly seq: number;
  readonly rank: number | undefined;
  readonly was: number | undefined;
  readonly size: number;
  readonly leader: Member | undefined;
  readonly changes: number;
  readonly cause: Cause;
  /** The changed members. Only sessions with the interest `roster` get them. */
  readonly diff: RosterDiff | undefined;
}

/**
 * Decides which view each session has not received yet. A session gets one view for all changes since its last one. It gets none if its
 * rank, the leader and the values that `updates` names have not changed (R-VIEW-1, R-VIEW-2).
 *
 * A session with `updates` size may receive a new size later than the others receive the change: its view is held (R-JOIN-1). So a session
 * receives one view for many joins.
 */
export class ViewUpdates {
  readonly #roster: Roster;
  #unsent: RosterChangedEffect[] = [];
  /** The last recorded change. */
  #last: RosterChangedEffect | undefined;
  /** The changes of earlier cycles that shifted ranks. Some sessions with `updates` size have possibly not received them. */
  #shiftsOfHeld: RosterChangedEffect[] = [];
  #sentView = 0;
  /** Every session with `updates` size has received the size of this view. */
  #sentSizeView = 0;

  constructor(roster: Roster) {
    this.#roster = roster;
  }

  /** Whether there are changes that some sessions have possibly not received. */
  get hasUnsent(): boolean {
    return this.hasNew || this.recordedView > this.#sentSizeView;
  }

  /** Whether there are changes since the end of the last cycle. */
  get hasNew(): boolean {
    return this.#unsent.length > 0;
  }

  /** The view of the last recorded change. 0 before the first one. */
  get recordedView(): number {
    return this.#last?.view ?? 0;
  }

  /** Adds a change that no session has received yet. */
  recordChange(change: RosterChangedEffect): void {
    this.#unsent.push(change);
    this.#last = change;
  }

  /** Records that every session has received the views that it should, except the held ones. */
  markSentExceptSizes(): void {
    this.#sentView = this.#unsent.at(-1)?.view ?? this.#sentView;
    for (const change of this.#unsent) if (change.shifted.from < change.shifted.to) this.#shiftsOfHeld.push(change);
    this.#unsent = [];
  }

  /** Records that every session with `updates` size has received the size of this view. */
  markSizesSent(view: number): void {
    this.#sentSizeView = view;
    this.#shiftsOfHeld = this.#shiftsOfHeld.filter(change => change.view > view);
  }

  /** Records that every session has received the views that it should. */
  markAllSent(): void {
    this.markSentExceptSizes();
    this.markSizesSent(this.recordedView);
  }

  /** Returns what a session knows after its `welcome`. `member` is undefined for an observer. */
  lastSeenByWelcome(member: Member | undefined, view: number): LastSeen {
    const rank = member === undefined ? undefined : this.#roster.rankOf(member);
    return { view, rank, size: this.#roster.size, leader: this.#roster.leader };
  }

  /**
   * Returns the view that a session has not received yet. Returns undefined if nothing in its interest has changed, or if the view is held
   * at this moment. `member` is undefined for an observer.
   */
  updateFor(
    member: Member | undefined,
    lastSeen: LastSeen,
    interest: Interest,
    moment: Moment = 'due',
  ): ViewUpdate | undefined {
    const last = interest === 'size' ? this.#last : this.#unsent.at(-1);
    if (last === undefined || lastSeen.view >= last.view) return undefined;
    const { leader, size } = this.#roster;
    const rank = member === undefined ? undefined : this.#roster.rankOf(member);
    const concerned =
      interest === 'roster' ||
      rank !== lastSeen.rank ||
      leader !== lastSeen.leader ||
      (interest === 'size' && size !== lastSeen.size && moment === 'due');
    if (!concerned) return undefined;
    const since = Math.max(lastSeen.view, interest === 'size' ? this.#sentSizeView : this.#sentView);
    const changes = last.view - since;
    const cause = lastShiftOf(rank, this.#unsent, since) ?? lastShiftOf(rank, this.#shiftsOfHeld, since) ?? last.cause;
    const diff = interest === 'roster' ? rosterDiff(this.#changesSince(since), this.#roster) : undefined;
    return { view: last.view, seq: last.seq, rank, was: lastSeen.rank, size, leader, changes, cause, diff };
  }

  #changesSince(view: number): RosterChangedEffect[] {
    return this.#unsent.filter(change => change.view > view);
  }
}

/**
 * Returns the cause of the last change after the view `since` that shifted the member at `rank`. Searches from the newest change back. The
 * member has had `rank` since the change that is searched for. So the first range that contains `rank` belongs to that change.
 */
function lastShiftOf(
  rank: number | undefined,
  changes: readonly RosterChangedEffect[],
  since: number,
): Cause | undefined {
  if (rank === undefined) return undefined;
  for (let index = changes.length - 1; index >= 0; index -= 1) {
    const change = changes[index];
    if (change === undefined || change.view <= since) return undefined;
    if (change.shifted.from <= rank && rank < change.shifted.to) return change.cause;
  }
  return undefined;
}

/** Returns what a session knows after it has received `update`. */
export function lastSeenAfter(update: ViewUpdate): LastSeen {
  return { view: update.view, rank: update.rank, size: update.size, leader: update.leader };
}
