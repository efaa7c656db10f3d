/** Collects what this server knows about records that Redis has lost. */

import type { Clock } from '../../clock.js';

/** What this server knew about a shard when it read a record that Redis has lost since. */
export interface LostRecord {
  /** The largest group epoch of the shard at that record. */
  readonly epochLast: number;
  /** The largest lost epoch that the register contained then. */
  readonly epochLost: number;
}

/**
 * The largest epoch that may be lost in any shard, as far as this server knows. One Redis stores many shards, so a loss in one shard is
 * possibly a loss in all of them, also in shards that no living server has read. All groups of all shards then begin new epochs. The
 * register contains the largest lost epoch, so that servers apply it to shards that they join later.
 */
export class LostHistory {
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #registerEpochLost: () => number;
  #unrated: LostRecord[] = [];
  #epochLost = 0;

  /** `registerEpochLost` returns the largest lost epoch that the register contains, as far as this server has read it. */
  constructor(clock: Pick<Clock, 'wallMs'>, registerEpochLost: () => number) {
    this.#clock = clock;
    this.#registerEpochLost = registerEpochLost;
  }

  /** The largest lost epoch that the register contains. */
  get registerEpochLost(): number {
    return this.#registerEpochLost();
  }

  /** Records that Redis has lost this record. */
  recordLoss(record: LostRecord): void {
    this.#unrated.push(record);
  }

  /**
   * Returns the largest epoch that may be lost, or 0. Call it after the register was read to its end. Lost records of other shards may have
   * issued epochs up to the present wall time, so a new loss counts up to that time. A loss counts only up to `epochLast` if the register
   * has received another loss since the lost record was read: another server has then reported the same loss already.
   */
  findEpochLost(): number {
    const { registerEpochLost } = this;
    for (const { epochLast, epochLost } of this.#unrated) {
      const latest = registerEpochLost > epochLost ? 0 : this.#clock.wallMs();
      this.#epochLost = Math.max(this.#epochLost, epochLast, latest);
    }
    this.#unrated = [];
    return Math.max(this.#epochLost, registerEpochLost);
  }
}
