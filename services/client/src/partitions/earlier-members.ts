/** The members that may still hold the partitions of a member that has just joined. */

/**
 * The members that were possibly admitted before this one: all that its first roster lists. Only members that were admitted before this
 * member can still hold a partition that is assigned to it. A member that was admitted later holds a partition only if its weight is larger
 * than this member's, and then the partition is not assigned to this member. Only wall times show which of the listed members were in fact
 * admitted earlier, and the clock of a server may be set back.
 */
export class EarlierMembers {
  /** The time at which no earlier member can hold a partition of this member any longer, by the monotonic clock. */
  readonly untilMs: number;
  readonly #present: Set<string>;

  /**
   * @param listed the other members of the first roster
   * @param admittedAtMs when this member was admitted, by the monotonic clock
   * @param lastsMs how long an earlier member may hold a partition that is no longer assigned to it, ms
   */
  constructor(listed: readonly string[], admittedAtMs: number, lastsMs: number) {
    this.untilMs = admittedAtMs + lastsMs;
    this.#present = new Set(listed);
  }

  /** Records that a member has stopped acting. Returns whether it is an earlier member that had not stopped before. */
  recordStop(member: string): boolean {
    return this.#present.delete(member);
  }

  /**
   * Returns whether an earlier member may hold a partition of this member until `untilMs`. This is so until all earlier members have
   * stopped. The stop of the last owner is not enough: if the last owner had not acquired the partition yet, the owner before it may still
   * hold the partition.
   */
  get mayHold(): boolean {
    return this.#present.size > 0;
  }
}
