/** The public types of `Membership.partitions`. */

import type { Fence } from '../session/seat.js';

/** One partition that this member owns. */
export interface PartitionHold {
  /**
   * The fencing token: the epoch and the view in which this member became the owner. Each later owner of the partition has
   * a larger one.
   */
  readonly fence: Fence;
  /**
   * Aborted before any other member owns the partition, with a RankdError PARTITION_LOST as its reason. Reading `aborted` checks
   * the clock.
   */
  readonly signal: AbortSignal;
}

/**
 * The handlers with which a member takes over and gives up its partitions. The handlers of one partition run one after
 * another; only `lost` does not wait for an earlier one. If a handler throws or rejects, the error is logged and emitted as
 * `listenerError`.
 */
export interface PartitionHandlers {
  /**
   * Called when this member owns the partition: start to work on it. `holds` returns true from this call on. If `acquire`
   * throws or rejects, the library calls it again within 5000 ms while this member owns the partition.
   */
  readonly acquire: (partition: number, hold: PartitionHold) => unknown;
  /**
   * Called when another member will own the partition, after `acquire` has settled: stop the work and settle within
   * `hold.deadlineMs`, the rest of `handoverMs`. If it does not settle in time, or if the session is lost, `lost` is
   * called. If it throws or rejects, the partition counts as released.
   */
  readonly release?: (
    partition: number,
    hold: PartitionHold & {
      /** How long `release` may take, ms: the rest of `handoverMs`. */
      readonly deadlineMs: number;
    },
  ) => unknown;
  /**
   * Called when the partition must be given up at once, because another member may acquire it at any moment. It is called
   * even while another handler runs.
   */
  readonly lost?: (partition: number) => unknown;
}

/** Options of `Membership.partitions`. */
export interface PartitionOptions {
  /** How long `release` may take, ms: 0 to 3 600 000. Default: 5000. Every member of the group must use the same value. */
  readonly handoverMs?: number;
}

/** The partitions of a member. A value is valid only at the moment at which it is read. */
export interface Partitions {
  /** The number of partitions. */
  readonly count: number;
  /** The partitions that this member owns, including those that it is releasing. */
  readonly held: readonly number[];
  /** Returns whether this member owns the partition at this moment. */
  holds(partition: number): boolean;
}
