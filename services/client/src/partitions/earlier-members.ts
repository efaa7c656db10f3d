import { type HashedMember, hashMember, outweighs } from './rendezvous-hash.js';
import type { RosterEntry } from './roster-replica.js';

/** `settled`: whether the owner had finished its own takeovers when this member was admitted. */
interface EarlierMember {
  readonly hashed: HashedMember;
  readonly settled: boolean;
  presence: 'present' | 'stopped';
}

/**
 * The members that were admitted before this one. A partition of this member can still be held by an earlier member, and by nobody
 * else: a later member gets the partition only if it outweighs this one, and no such member is left.
 */
export class EarlierMembers {
  /** From then on no earlier member holds a partition of this member, by the monotonic clock. */
  readonly untilMs: number;
  readonly #owners: ReadonlyMap<string, EarlierMember>;

  /** `lastsMs`: how long an earlier member may hold a partition after it has lost it, ms. */
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

  /** Records that a member has stopped. Returns whether it is an earlier member. */
  recordStop(member: string): boolean {
    const owner = this.#owners.get(member);
    if (owner === undefined) return false;
    owner.presence = 'stopped';
    return true;
  }

  /** Whether an earlier member may hold this partition before `untilMs`. */
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
