import type { Member, MemberId, Newcomer } from './member.js';

/**
 * The order of a group: ranks 0 … size-1 without gaps, in the order of admission. Knows nothing of views, commands or
 * sessions.
 */
export class Roster {
  readonly #order: Member[] = [];
  readonly #byId = new Map<MemberId, Member>();
  readonly #slotsTaken: boolean[] = [];
  #slotHint = 0;

  get size(): number {
    return this.#order.length;
  }

  get leader(): Member | undefined {
    return this.#order[0];
  }

  member(id: MemberId): Member | undefined {
    return this.#byId.get(id);
  }

  at(rank: number): Member | undefined {
    return this.#order[rank];
  }

  /** The members of ranks `from` up to, not including, `to`. */
  slice(from = 0, to = this.size): Member[] {
    return this.#order.slice(from, to);
  }

  /** A present member's rank. Departures only ever lower it, so the search starts at the last known one, upwards. */
  rankOf(member: Member): number {
    if (this.#order[member.rankHint] !== member) {
      member.rankHint = this.#order.lastIndexOf(member, member.rankHint);
    }
    return member.rankHint;
  }

  /** R-JOIN-2: last, in the smallest free slot. */
  add(newcomer: Newcomer): Member {
    const member: Member = {
      ...newcomer,
      slot: this.#takeSlot(),
      rankHint: this.size,
      lastCommand: 0,
      openIds: new Map(),
    };
    this.#order.push(member);
    this.#byId.set(member.id, member);
    return member;
  }

  /** R-VIEW-1: closes the gap. Returns the rank that was vacated. */
  remove(member: Member): number {
    const rank = this.rankOf(member);
    this.#order.splice(rank, 1);
    this.#byId.delete(member.id);
    this.#slotsTaken[member.slot] = false;
    this.#slotHint = Math.min(this.#slotHint, member.slot);
    return rank;
  }

  #takeSlot(): number {
    let slot = this.#slotHint;
    while (this.#slotsTaken[slot] === true) slot += 1;
    this.#slotsTaken[slot] = true;
    this.#slotHint = slot + 1;
    return slot;
  }
}
