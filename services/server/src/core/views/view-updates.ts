import type { Cause, RosterChangedEffect } from '../effects.js';
import type { Member } from '../roster/member.js';
import { type RosterDiff, rosterDiff } from '../roster/roster-diff.js';
import type { Roster } from '../roster/roster.js';

/** R-JOIN-1 `updates`: when a session wants a view. */
export type Interest = 'rank' | 'size' | 'roster';

/** What the last view or welcome of a session said of its group. An observer has no rank. */
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
  /** Who, for those whose interest is the roster. */
  readonly delta: RosterDiff | undefined;
}

/**
 * Decides which view each session has yet to receive: one for all changes since its last one, and only if its rank, the leader or what
 * `updates` names has changed (R-VIEW-1, R-VIEW-2).
 */
export class ViewUpdates {
  readonly #roster: Roster;
  #untold: RosterChangedEffect[] = [];
  #settledView = 0;

  constructor(roster: Roster) {
    this.#roster = roster;
  }

  /** Changes that somebody may still have to hear of. */
  get pending(): boolean {
    return this.#untold.length > 0;
  }

  note(change: RosterChangedEffect): void {
    this.#untold.push(change);
  }

  /** Everybody has been told all there is. */
  settle(): void {
    this.#settledView = this.#untold.at(-1)?.view ?? this.#settledView;
    this.#untold = [];
  }

  /** What a session learns from its welcome; without a member it is an observer's. */
  toldByWelcome(member: Member | undefined, view: number): LastSeen {
    const rank = member === undefined ? undefined : this.#roster.rankOf(member);
    return { view, rank, size: this.#roster.size, leader: this.#roster.leader };
  }

  /** What a session has to hear, or undefined where nothing that it cares for has changed. */
  newsFor(member: Member | undefined, told: LastSeen, interest: Interest): ViewUpdate | undefined {
    const last = this.#untold.at(-1);
    if (last === undefined || told.view >= last.view) return undefined;
    const { leader, size } = this.#roster;
    const rank = member === undefined ? undefined : this.#roster.rankOf(member);
    const concerned =
      interest === 'roster' ||
      rank !== told.rank ||
      leader !== told.leader ||
      (interest === 'size' && size !== told.size);
    if (!concerned) return undefined;
    const since = Math.max(told.view, this.#settledView);
    const changes = last.view - since;
    const cause = this.#causeFor(rank, since) ?? last.cause;
    const delta = interest === 'roster' ? rosterDiff(this.#since(since), this.#roster) : undefined;
    return { view: last.view, seq: last.seq, rank, was: told.rank, size, leader, changes, cause, delta };
  }

  #since(view: number): RosterChangedEffect[] {
    return this.#untold.filter(change => change.view > view);
  }

  /**
   * The last change that moved whoever is now at `rank`. None of the changes after that one moved it, so it had today's
   * rank right after each of them: the search from the newest back compares with one number.
   */
  #causeFor(rank: number | undefined, since: number): Cause | undefined {
    if (rank === undefined) return undefined;
    for (let index = this.#untold.length - 1; index >= 0; index -= 1) {
      const change = this.#untold[index];
      if (change === undefined || change.view <= since) return undefined;
      if (change.shifted.from <= rank && rank < change.shifted.to) return change.cause;
    }
    return undefined;
  }
}

/** The told state after hearing `news`. */
export function lastSeenAfter(news: ViewUpdate): LastSeen {
  return { view: news.view, rank: news.rank, size: news.size, leader: news.leader };
}
