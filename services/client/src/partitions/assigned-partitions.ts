import { contenderOf, outweighs, type Contender } from './rendezvous-hash.js';

/**
 * One member's share of the partitions 0 … count-1: those for which it is the heaviest of all members. For each of the
 * others one member is remembered that outweighs it, so that nobody who comes or goes makes all of them be weighed anew.
 */
export class AssignedPartitions {
  readonly own: Contender;
  readonly #others = new Map<string, Contender>();
  /** By partition; undefined: it is in the share. */
  readonly #heavier: (Contender | undefined)[];
  readonly #own: Set<number>;

  /** Of a member that is alone: all of them. */
  constructor(count: number, member: string) {
    this.own = contenderOf(member);
    this.#heavier = Array.from<undefined>({ length: count });
    this.#own = new Set(this.#heavier.keys());
  }

  has(partition: number): boolean {
    return this.#own.has(partition);
  }

  /** Every partition of the share, in no order. */
  get all(): ReadonlySet<number> {
    return this.#own;
  }

  /** Returns what it has lost by it. */
  joined(member: string): readonly number[] {
    if (member === this.own.member || this.#others.has(member)) return [];
    const newcomer = contenderOf(member);
    this.#others.set(member, newcomer);
    const lost = [...this.#own].filter(partition => outweighs(newcomer, this.own, partition));
    for (const partition of lost) {
      this.#heavier[partition] = newcomer;
      this.#own.delete(partition);
    }
    return lost;
  }

  /** Returns what it has gained by it. */
  left(member: string): readonly number[] {
    const gone = this.#others.get(member);
    if (gone === undefined) return [];
    this.#others.delete(member);
    const gained: number[] = [];
    for (const [partition, heavier] of this.#heavier.entries()) {
      if (heavier !== gone) continue;
      const next = this.#heavierFor(partition);
      this.#heavier[partition] = next;
      if (next === undefined) gained.push(partition);
    }
    for (const partition of gained) this.#own.add(partition);
    return gained;
  }

  #heavierFor(partition: number): Contender | undefined {
    for (const other of this.#others.values()) if (outweighs(other, this.own, partition)) return other;
    return undefined;
  }
}
