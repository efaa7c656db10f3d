import { type HashedMember, hashMember, outweighs } from './rendezvous-hash.js';
import type { RosterEntry } from './roster-replica.js';

/** `settled`: whether the owner had finished its own takeovers when this member was admitted. */
interface PriorOwner {
  readonly hashed: HashedMember;
  readonly settled: boolean;
  presence: 'present' | 'stopped';
}

/**
 * The members that were admitted before this one. Only they can still hold the partitions of this member: since its admission
 * only heavier members can have had such a partition, and all of those have left.
 */
export class PriorOwners {
  /** From then on no prior owner holds a partition of this member, by the monotonic clock. */
  readonly untilMs: number;
  readonly #owners: ReadonlyMap<string, PriorOwner>;

  /** `lastsMs`: how long a prior owner may hold a partition after it has lost it, ms. */
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

  /** Records that a member has stopped. Returns whether it was a prior owner. */
  recordStop(member: string): boolean {
    const owner = this.#owners.get(member);
    if (owner === undefined) return false;
    owner.presence = 'stopped';
    return true;
  }

  /** Whether a prior owner may hold this partition before `untilMs`. */
  mayHold(partition: number): boolean {
    let heaviest: PriorOwner | undefined;
    let anyPresent = false;
    for (const owner of this.#owners.values()) {
      if (owner.presence === 'present') anyPresent = true;
      if (heaviest === undefined || outweighs(owner.hashed, heaviest.hashed, partition)) heaviest = owner;
    }
    if (!anyPresent || heaviest === undefined) return false;
    return heaviest.presence === 'present' || !heaviest.settled;
  }
}
