/** The roster of a group. */

import type { AwayPresence, KeptSeat, Member, MemberId, Newcomer, Presence } from './member.js';
import { RankIndex } from './rank-index.js';
import { Slots } from './slots.js';

/**
 * The roster: the members of a group by rank. Ranks are 0 to size - 1 without gaps, in the order of admission as changed by moves. Rank 0
 * leads. Views are in `versioned-roster.ts`.
 */
export class Roster {
  readonly #ranks = new RankIndex<Member>();
  readonly #byId = new Map<MemberId, Member>();
  readonly #slots = new Slots();
  readonly #away = new Set<Member>();

  get size(): number {
    return this.#ranks.size;
  }

  /** The member with rank 0. */
  get leader(): Member | undefined {
    return this.#ranks.at(0);
  }

  /** The members that are away. */
  get away(): ReadonlySet<Member> {
    return this.#away;
  }

  /** Returns the member with this id, or undefined. */
  member(id: MemberId): Member | undefined {
    return this.#byId.get(id);
  }

  /** Returns the member with this rank, or undefined if the rank is vacant. */
  at(rank: number): Member | undefined {
    return this.#ranks.at(rank);
  }

  /** Returns the members of the ranks `from` to `to` (excluded). */
  slice(from = 0, to = this.size): Member[] {
    return this.#ranks.slice(from, to);
  }

  /** Returns the rank of a member of this roster. */
  rankOf(member: Member): number {
    return this.#ranks.rankOf(member);
  }

  /** Adds a new member with the last rank and the smallest free slot (R-JOIN-2). */
  add(newcomer: Newcomer, joinedAt: number): Member {
    const { id, name, tags, address, secretHash, session } = newcomer;
    const slot = this.#slots.allocate();
    return this.#append({ id, name, tags, address, joinedAt, slot, secretHash }, { kind: 'present', session });
  }

  /** Adds the member of a kept seat. It is away, with the last rank and its old slot (R-VIEW-6). */
  restore(seat: KeptSeat, away: AwayPresence): Member {
    this.#slots.reserve(seat.slot);
    const member = this.#append(seat, away);
    this.#away.add(member);
    return member;
  }

  /** Removes a member and closes the gap (R-VIEW-1). Returns the rank that it had. */
  remove(member: Member): number {
    const rank = this.rankOf(member);
    this.#ranks.delete(member);
    this.#byId.delete(member.id);
    this.#slots.release(member.slot);
    this.setPresence(member, { kind: 'gone' });
    return rank;
  }

  /** Moves a member to `rank`, which must be smaller than the size (R-ADMIN-1). */
  move(member: Member, rank: number): void {
    this.#ranks.move(member, rank);
  }

  /** Sets the presence of a member of this roster. Only this method may set it, because the roster keeps the set of away members. */
  setPresence(member: Member, presence: Presence): void {
    if (presence.kind === 'away') this.#away.add(member);
    else this.#away.delete(member);
    member.presence = presence;
  }

  /** Loads the members of a snapshot, by rank. The roster must be empty. */
  load(members: readonly Member[]): void {
    for (const member of members) {
      this.#slots.reserve(member.slot);
      this.#add(member);
      if (member.presence.kind === 'away') this.#away.add(member);
    }
  }

  #append(seat: KeptSeat, presence: Presence): Member {
    const { id, name, tags, address, joinedAt, slot, secretHash } = seat;
    const member: Member = {
      id,
      name,
      presence,
      lastCommand: 0,
      sender: undefined,
      allowance: undefined,
      tags,
      address,
      joinedAt,
      slot,
      secrets: { current: secretHash, earlier: undefined, isContested: false },
      place: 0,
    };
    this.#add(member);
    return member;
  }

  #add(member: Member): void {
    this.#ranks.append(member);
    this.#byId.set(member.id, member);
  }
}
