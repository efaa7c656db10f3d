import { newCommander, type KeptSeat, type Member, type MemberId, type Newcomer, type Presence } from './member.js';

/**
 * The order of a group: ranks 0 … size-1 without gaps, in the order of admission as changed by moves. Knows nothing of
 * views, commands or sessions.
 */
export class Roster {
  readonly #order: Member[] = [];
  readonly #byId = new Map<MemberId, Member>();
  readonly #slotsTaken: boolean[] = [];
  #slotHint = 0;
  #awayCount = 0;

  get size(): number {
    return this.#order.length;
  }

  get leader(): Member | undefined {
    return this.#order[0];
  }

  /** How many members are not present. */
  get awayCount(): number {
    return this.#awayCount;
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

  /** A member's rank. Departures only ever lower it, so the search starts at the last known one, upwards. */
  rankOf(member: Member): number {
    if (this.#order[member.rankHint] !== member) {
      member.rankHint = this.#order.lastIndexOf(member, member.rankHint);
    }
    return member.rankHint;
  }

  /** R-JOIN-2: last, in the smallest free slot. */
  add(newcomer: Newcomer, joinedAt: number): Member {
    const { id, name, tags, address, secretHash, session } = newcomer;
    const slot = this.#smallestFreeSlot();
    return this.#append({ id, name, tags, address, joinedAt, slot, secretHash }, { kind: 'present', session });
  }

  /** R-VIEW-6: last, in the slot that it had. */
  restore(seat: KeptSeat, since: number): Member {
    this.#awayCount += 1;
    return this.#append(seat, { kind: 'away', since, because: 'restart' });
  }

  /** R-VIEW-1: closes the gap. Returns the rank that was vacated. */
  remove(member: Member): number {
    const rank = this.rankOf(member);
    this.#order.splice(rank, 1);
    this.#byId.delete(member.id);
    this.#slotsTaken[member.slot] = false;
    this.#slotHint = Math.min(this.#slotHint, member.slot);
    this.setPresence(member, { kind: 'gone' });
    return rank;
  }

  /** R-ADMIN-1: the others close up around it. `rank` is within the roster. */
  move(member: Member, rank: number): void {
    const from = this.rankOf(member);
    this.#order.splice(from, 1);
    this.#order.splice(rank, 0, member);
    this.#order.forEach((each, index) => {
      each.rankHint = index;
    });
  }

  setPresence(member: Member, presence: Presence): void {
    if (member.presence.kind === 'away') this.#awayCount -= 1;
    if (presence.kind === 'away') this.#awayCount += 1;
    member.presence = presence;
  }

  #append(seat: KeptSeat, presence: Presence): Member {
    const { id, name, tags, address, joinedAt, slot, secretHash } = seat;
    const member: Member = {
      ...newCommander(id, name, presence),
      tags,
      address,
      joinedAt,
      slot,
      secrets: { current: secretHash, earlier: undefined },
      rankHint: this.size,
    };
    this.#order.push(member);
    this.#byId.set(id, member);
    this.#slotsTaken[slot] = true;
    return member;
  }

  #smallestFreeSlot(): number {
    let slot = this.#slotHint;
    while (this.#slotsTaken[slot] === true) slot += 1;
    this.#slotHint = slot + 1;
    return slot;
  }
}
