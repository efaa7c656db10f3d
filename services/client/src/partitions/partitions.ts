import type { Fence } from '../session/seat.js';

/** A partition as whoever works on it sees it. */
export interface PartitionHold {
  /**
   * The view in which it became this member's: larger for each later holder of the partition. Whoever guards what is written
   * refuses an older one.
   */
  readonly fence: Fence;
  /** Aborted, and reads so by the clock, before anybody else may hold the partition (PARTITION_LOST). */
  readonly signal: AbortSignal;
}

/** What a member does with its partitions. What is called for one partition is never called again for it before it has settled, `lost` apart. */
export interface PartitionHandlers {
  /**
   * The partition is this member's: begin. It counts as held from this call on. Where it throws, or rejects, that is logged
   * and it is called again after up to 5 s, for as long as the partition is this member's.
   */
  readonly acquire: (partition: number, hold: PartitionHold) => unknown;
  /**
   * Another is to have the partition: stop, and settle once that is done, within `deadlineMs`. Called once `acquire` has
   * settled. Past `deadlineMs`, or where the coordinator is lost meanwhile, `lost` follows.
   */
  readonly release?: (
    partition: number,
    hold: PartitionHold & {
      /** How long there is, ms. */
      readonly deadlineMs: number;
    },
  ) => unknown;
  /** Stop now: somebody else may have the partition at any moment. Called without waiting for what runs. */
  readonly lost?: (partition: number) => unknown;
}

/** How partitions are handed over. */
export interface PartitionOptions {
  /** How long `release` may take, ms: 0 to 3 600 000, 5000 unless named. The same for every member of the group. */
  readonly handoverMs?: number;
}

/** The partitions of a member. Every answer is for the moment at which it is asked. */
export interface Partitions {
  /** How many there are in all. */
  readonly count: number;
  /** Those that this member holds, those that it is giving up included. */
  readonly held: readonly number[];
  /** Does this member hold it, and may it go on at this moment? */
  holds(partition: number): boolean;
}
