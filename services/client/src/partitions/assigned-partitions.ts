import { hashMember, outweighs, type HashedMember } from './rendezvous-hash.js';

/**
 * One member's share of the partitions 0 … count-1: those for which it is the heaviest of all members. For each of the
 * others one member is remembered that outweighs it, so that nobody who comes or goes makes all of them be weighed anew.
 */
export class AssignedPartitions {
  readonly own: HashedMember;
  readonly #others = new Map<string, HashedMember>();
  /** By partition; undefined: it is in the share. */
  readonly #heavierMembers: (HashedMember | undefined)[];
  readonly #assigned: Set<number>;

  /** Of a member that is alone: all of them. */
  constructor(count: number, member: string) {
    this.own = hashMember(member);
    this.#heavierMembers = Array.from<undefined>({ length: count });
    this.#assigned = new Set(this.#heavierMembers.keys());
  }

  has(partition: number): boolean {
    return this.#assigned.has(partition);
  }

  /** Every partition of the share, in no order. */
  get all(): ReadonlySet<number> {
    return this.#assigned;
  }

  /** Returns what it has lost by it. */
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

  /** Returns what it has gained by it. */
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
