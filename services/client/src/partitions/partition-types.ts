import type { Fence } from '../session/seat.js';

/** One partition that this member owns. */
export interface PartitionHold {
  /**
   * The view in which this member became the owner. It is larger for each later owner of the partition. Resources refuse an
   * older one.
   */
  readonly fence: Fence;
  /** Aborted before any other member may own the partition, with reason PARTITION_LOST. Reading `aborted` checks the clock. */
  readonly signal: AbortSignal;
}

/** What a member does with its partitions. Handlers of one partition run one after another; only `lost` does not wait. */
export interface PartitionHandlers {
  /**
   * This member owns the partition: start working on it. It counts as held from this call on. If `acquire` throws or rejects,
   * the error is logged and it is called again after at most 5 s, while this member owns the partition.
   */
  readonly acquire: (partition: number, hold: PartitionHold) => unknown;
  /**
   * Another member is to own the partition: stop, and settle within `deadlineMs`. It is called after `acquire` has settled.
   * If it does not settle in time, or if the connection is lost, `lost` is called.
   */
  readonly release?: (
    partition: number,
    hold: PartitionHold & {
      /** How long `release` may take, ms. */
      readonly deadlineMs: number;
    },
  ) => unknown;
  /** Stop now: another member may own the partition at any moment. It is called at once, even if another handler runs. */
  readonly lost?: (partition: number) => unknown;
}

/** How partitions move between members. */
export interface PartitionOptions {
  /** How long `release` may take, ms: 0 to 3 600 000. Default: 5000. It must be the same for every member of the group. */
  readonly handoverMs?: number;
}

/** The partitions of a member. Every answer holds at the moment at which it is read. */
export interface Partitions {
  /** The number of partitions. */
  readonly count: number;
  /** The partitions that this member owns, including those that it is releasing. */
  readonly held: readonly number[];
  /** Returns whether this member owns the partition at this moment. */
  holds(partition: number): boolean;
}
