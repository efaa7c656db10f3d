import { type HashedMember, hashMember, outweighs } from './rendezvous-hash.js';
import type { RosterEntry } from './roster-replica.js';

/** `settled`: when this member was admitted, whatever the owner had taken over before was all its own. */
interface PriorOwner {
  readonly hashed: HashedMember;
  readonly settled: boolean;
  presence: 'present' | 'stopped';
}

/**
 * Those who were members when this one was admitted. They alone can still hold what it has now: from its admission on only
 * heavier members can have been given a partition that is its own today, and none of those is there any more.
 */
export class PriorOwners {
  /** From then on none of them holds anything of this member's. */
  readonly untilMs: number;
  readonly #owners: ReadonlyMap<string, PriorOwner>;

  /** `lastsMs`: how long after it has to give a partition up an owner may still hold it. */
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

  /** Returns whether that can make a difference. */
  recordStop(member: string): boolean {
    const owner = this.#owners.get(member);
    if (owner === undefined) return false;
    owner.presence = 'stopped';
    return true;
  }

  /** May one of them hold this partition of the member's, before `untilMs`? */
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
