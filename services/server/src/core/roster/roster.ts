import type { KeptSeat, Member, MemberId, Newcomer, Presence } from './member.js';
import { RankIndex } from './rank-index.js';
import { Slots } from './slots.js';

/**
 * The order of a group: ranks 0 … size-1 without gaps, in the order of admission as changed by moves. Knows nothing of
 * views, commands or sessions.
 */
export class Roster {
  readonly #ranks = new RankIndex<Member>();
  readonly #byId = new Map<MemberId, Member>();
  readonly #slots = new Slots();
  readonly #away = new Set<Member>();

  get size(): number {
    return this.#ranks.size;
  }

  get leader(): Member | undefined {
    return this.#ranks.at(0);
  }

  /** Members whose connection is lost and whose place is kept. */
  get away(): ReadonlySet<Member> {
    return this.#away;
  }

  member(id: MemberId): Member | undefined {
    return this.#byId.get(id);
  }

  at(rank: number): Member | undefined {
    return this.#ranks.at(rank);
  }

  /** The members of ranks `from` up to, not including, `to`. */
  slice(from = 0, to = this.size): Member[] {
    return this.#ranks.slice(from, to);
  }

  /** Of a member of this roster. */
  rankOf(member: Member): number {
    return this.#ranks.rankOf(member);
  }

  /** R-JOIN-2: last, in the smallest free slot. */
  add(newcomer: Newcomer, joinedAt: number): Member {
    const { id, name, tags, address, secretHash, session } = newcomer;
    const slot = this.#slots.allocate();
    return this.#append({ id, name, tags, address, joinedAt, slot, secretHash }, { kind: 'present', session });
  }

  /** R-VIEW-6: last, in the slot that it had. */
  restore(seat: KeptSeat, since: number): Member {
    this.#slots.reserve(seat.slot);
    const member = this.#append(seat, { kind: 'away', since, because: 'restart' });
    this.#away.add(member);
    return member;
  }

  /** R-VIEW-1: closes the gap. Returns the rank that was vacated. */
  remove(member: Member): number {
    const rank = this.rankOf(member);
    this.#ranks.delete(member);
    this.#byId.delete(member.id);
    this.#slots.release(member.slot);
    this.setPresence(member, { kind: 'gone' });
    return rank;
  }

  /** R-ADMIN-1: the others close up around it. `rank` is within the roster. */
  move(member: Member, rank: number): void {
    this.#ranks.move(member, rank);
  }

  setPresence(member: Member, presence: Presence): void {
    if (presence.kind === 'away') this.#away.add(member);
    else this.#away.delete(member);
    member.presence = presence;
  }

  /** Of a roster that is empty: these members as they stand, by rank. */
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
