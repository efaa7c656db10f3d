/** Which partitions are assigned to a member. */

import { hashMember, outweighs, type HashedMember } from './rendezvous-hash.js';

/**
 * The partitions that are assigned to one member. A partition is assigned to the member with the largest weight for it. For every other
 * partition, the class remembers one member with a larger weight. So it computes new weights only for the partitions that a join or a
 * departure affects.
 */
export class AssignedPartitions {
  readonly own: HashedMember;
  readonly #others = new Map<string, HashedMember>();
  /** For each partition a member with a larger weight. Undefined if the partition is assigned to this member. */
  readonly #heavierMembers: (HashedMember | undefined)[];
  readonly #assigned: Set<number>;

  /** Starts without other members: every partition is assigned to this member. */
  constructor(count: number, member: string) {
    this.own = hashMember(member);
    this.#heavierMembers = Array.from<undefined>({ length: count });
    this.#assigned = new Set(this.#heavierMembers.keys());
  }

  /** Returns whether the partition is assigned to this member. */
  has(partition: number): boolean {
    return this.#assigned.has(partition);
  }

  /** Every assigned partition, in no particular order. */
  get all(): ReadonlySet<number> {
    return this.#assigned;
  }

  /** Adds a member. Returns the partitions that this member loses to it. */
  addMember(member: string): readonly number[] {
    if (member === this.own.member || this.#others.has(member)) return [];
    const newcomer = hashMember(member);
    this.#others.set(member, newcomer);
    const lost = [...this.#assigned].filter(partition => outweighs(newcomer, this.own, partition));
    for (const partition of lost) {
      this.#heavierMembers[partition] = newcomer;
      this.#assigned.delete(partition);
    }
    return lost;
  }

  /** Removes a member. Returns the partitions that this member gains. */
  removeMember(member: string): readonly number[] {
    const gone = this.#others.get(member);
    if (gone === undefined) return [];
    this.#others.delete(member);
    const gained: number[] = [];
    for (const [partition, heavier] of this.#heavierMembers.entries()) {
      if (heavier !== gone) continue;
      const next = this.#findHeavier(partition);
      this.#heavierMembers[partition] = next;
      if (next === undefined) gained.push(partition);
    }
    for (const partition of gained) this.#assigned.add(partition);
    return gained;
  }

  #findHeavier(partition: number): HashedMember | undefined {
    for (const other of this.#others.values()) if (outweighs(other, this.own, partition)) return other;
    return undefined;
  }
}
