/** The roster as the page knows it. */

import type { RosterMember } from '@rankd/protocol';
import type { RosterEvent, ViewEvent } from './stream-event.js';

/** A member. Its rank is its position in the list. */
export type Member = Omit<RosterMember, 'rank'>;

/** A member that has left. */
export interface Departure {
  readonly member: Member;
  /** Its last rank. */
  readonly rank: number;
}

/** The roster of a group in one view. */
export interface Roster {
  readonly epoch: number;
  readonly view: number;
  readonly members: readonly Member[];
  /** The members that left in the last changes. The page animates their exit. */
  readonly departures: readonly Departure[];
}

/** A roster without members. */
export const emptyRoster: Roster = { epoch: 0, view: 0, members: [], departures: [] };

/** Returns the roster of an event. */
export function rosterOf({ epoch, view, members }: RosterEvent): Roster {
  return { epoch, view, members: members.map(withoutRank), departures: [] };
}

/** The largest number of exits that are animated at once. */
const DEPARTURES_MAX = 8;

/** Applies several changes to a roster before it is shown. The roster is copied once for all of them. */
export class RosterDraft {
  readonly #members: Member[];
  readonly #departures: Departure[] = [];
  #epoch: number;
  #view: number;

  constructor({ epoch, view, members }: Roster) {
    this.#epoch = epoch;
    this.#view = view;
    this.#members = [...members];
  }

  /** The members by rank, with the changes so far. */
  get members(): readonly Member[] {
    return this.#members;
  }

  /**
   * Applies a change. Returns `applied`, `known` if the roster has the change already, or `out of step` if a change before it is
   * missing. After `out of step`, the page needs a new roster.
   */
  apply(change: ViewEvent): 'applied' | 'known' | 'out of step' {
    const isNewEpoch = change.epoch > this.#epoch;
    if (!isNewEpoch && (change.epoch < this.#epoch || change.view <= this.#view)) return 'known';
    if (change.view !== (isNewEpoch ? 1 : this.#view + 1)) return 'out of step';
    if (isNewEpoch) this.#members.length = 0;
    this.#epoch = change.epoch;
    this.#view = change.view;
    return this.#change(change) ? 'applied' : 'out of step';
  }

  /** Returns the roster with all changes. */
  finish(): Roster {
    return { epoch: this.#epoch, view: this.#view, members: this.#members, departures: this.#departures };
  }

  /** Returns false if the change names a member that is not in the roster. */
  #change({ cause: { kind, member: id, rank }, joined, resumed }: ViewEvent): boolean {
    if (kind === 'joined') {
      if (joined === undefined || rank !== this.#members.length) return false;
      this.#members.push(withoutRank(joined));
      return true;
    }
    // In every change except a move, `rank` is the member's present or last rank, so the search is seldom needed.
    const at = this.#members[rank]?.member === id ? rank : this.#members.findIndex(({ member }) => member === id);
    const member = this.#members[at];
    if (member === undefined) return false;
    if (kind === 'away') this.#members[at] = { ...member, state: 'away' };
    if (kind === 'resumed')
      this.#members[at] = resumed === undefined ? { ...member, state: 'present' } : withoutRank(resumed);
    if (kind === 'left' || kind === 'moved') this.#members.splice(at, 1);
    if (kind === 'moved') this.#members.splice(rank, 0, member);
    if (kind === 'left' && this.#departures.length < DEPARTURES_MAX) this.#departures.push({ member, rank: at });
    return true;
  }
}

function withoutRank({ member, name, slot, tags, address, joinedAt, state }: RosterMember): Member {
  return { member, name, slot, tags, address, joinedAt, state };
}
