/** The members that may still hold the partitions of a member that has just joined. */

import { type HashedMember, hashMember, outweighs } from './rendezvous-hash.js';
import type { RosterEntry } from './roster-replica.js';

/** A member that was admitted before this one. `settled`: it had already acquired its own partitions when this member was admitted. */
interface EarlierMember {
  readonly hashed: HashedMember;
  readonly settled: boolean;
  presence: 'present' | 'stopped';
}

/**
 * The members that were admitted before this one. Only these members can still hold a partition that is assigned to this member. A member
 * that was admitted later holds a partition only if its weight is larger than this member's, and then the partition is not assigned to this
 * member.
 */
export class EarlierMembers {
  /** The time at which no earlier member can hold a partition of this member any longer, by the monotonic clock. */
  readonly untilMs: number;
  readonly #owners: ReadonlyMap<string, EarlierMember>;

  /**
   * @param admittedAtMs when this member was admitted, by the monotonic clock
   * @param lastsMs how long an earlier member may hold a partition that is no longer assigned to it, ms
   */
  constructor(roster: readonly RosterEntry[], self: string, admittedAtMs: number, lastsMs: number) {
    const selfJoinedAtMs = roster.find(({ member }) => member === self)?.joinedAtMs ?? Number.POSITIVE_INFINITY;
    const before = roster.filter(({ member, joinedAtMs }) => member !== self && joinedAtMs <= selfJoinedAtMs);
    this.untilMs = admittedAtMs + lastsMs;
    this.#owners = new Map(
      before.map(({ member, joinedAtMs }) => {
        const settled = selfJoinedAtMs - joinedAtMs >= lastsMs;
        return [member, { hashed: hashMember(member), settled, presence: 'present' }];
      }),
    );
  }

  /** Records that a member has stopped acting. Returns whether it is an earlier member. */
  recordStop(member: string): boolean {
    const owner = this.#owners.get(member);
    if (owner === undefined) return false;
    owner.presence = 'stopped';
    return true;
  }

  /** Returns whether an earlier member may hold this partition until `untilMs`. */
  mayHold(partition: number): boolean {
    let heaviest: EarlierMember | undefined;
    let anyPresent = false;
    for (const owner of this.#owners.values()) {
      if (owner.presence === 'present') anyPresent = true;
      if (heaviest === undefined || outweighs(owner.hashed, heaviest.hashed, partition)) heaviest = owner;
    }
    if (!anyPresent || heaviest === undefined) return false;
    return heaviest.presence === 'present' || !heaviest.settled;
  }
}
