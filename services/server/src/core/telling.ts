import type { Cause, RosterChangedEffect } from './effects.js';
import type { Member } from './member.js';
import type { Roster } from './roster.js';

/** R-JOIN-1 `updates`: when a member wants a view. */
export type Interest = 'rank' | 'size';

/** What a member was last told of its group. */
export interface Told {
  readonly view: number;
  readonly rank: number;
  readonly size: number;
  readonly leader: Member | undefined;
}

/** What it has to be told now (R-VIEW-2). */
export interface News {
  readonly view: number;
  readonly seq: number;
  readonly rank: number;
  readonly was: number;
  readonly size: number;
  readonly leader: Member;
  readonly changes: number;
  readonly cause: Cause;
}

/**
 * Decides who is told what of the changes that have happened since everyone was last brought up to date: a member hears of
 * its own rank and of the leader, once, however many changes there were (R-VIEW-1, R-VIEW-2).
 */
export class Telling {
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

  /** What a newcomer learns from its welcome. */
  toldByWelcome(member: Member, view: number): Told {
    return { view, rank: this.#roster.rankOf(member), size: this.#roster.size, leader: this.#roster.leader };
  }

  /** What `member` has to hear, or undefined where nothing that it cares for has changed. */
  newsFor(member: Member, told: Told, interest: Interest): News | undefined {
    const last = this.#untold.at(-1);
    const { leader, size } = this.#roster;
    if (last === undefined || leader === undefined || told.view >= last.view) return undefined;
    const rank = this.#roster.rankOf(member);
    const concerned = rank !== told.rank || leader !== told.leader || (interest === 'size' && size !== told.size);
    if (!concerned) return undefined;
    const since = Math.max(told.view, this.#settledView);
    const cause = this.#causeFor(rank, told.rank, since) ?? last.cause;
    return { view: last.view, seq: last.seq, rank, was: told.rank, size, leader, changes: last.view - since, cause };
  }

  /**
   * The last change that moved whoever is now at `rank`. Changes after that one happened below it, so it had today's rank
   * right after each of them: the search from the newest back compares with one number.
   */
  #causeFor(rank: number, was: number, since: number): Cause | undefined {
    if (rank === was) return undefined;
    for (let index = this.#untold.length - 1; index >= 0; index -= 1) {
      const change = this.#untold[index];
      if (change === undefined || change.view <= since) return undefined;
      if (change.movedFrom <= rank) return change.cause;
    }
    return undefined;
  }
}

/** The told state after hearing `news`. */
export function toldByNews(news: News): Told {
  return { view: news.view, rank: news.rank, size: news.size, leader: news.leader };
}
