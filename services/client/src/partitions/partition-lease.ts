import { LeaseSignal } from '../leadership/lease-signal.js';
import type { Fence } from '../session/seat.js';
import type { PartitionHold } from './partition-types.js';

/** The lease of one held partition. Its signal is created at the first read, because a member may hold thousands of partitions. */
export class PartitionLease implements PartitionHold {
  readonly fence: Fence;
  /** Whether the `acquire` handler was called and has not failed. */
  isAcquired = false;
  readonly #holds: () => boolean;
  readonly #prepareSignal: (signal: AbortSignal) => void;
  #leaseSignal: LeaseSignal | undefined;
  #isOver = false;

  /**
   * @param holds returns whether this member holds the partition at this moment, by the clock
   * @param prepareSignal called with the signal when it is created
   */
  constructor(fence: Fence, holds: () => boolean, prepareSignal: (signal: AbortSignal) => void) {
    this.fence = fence;
    this.#holds = holds;
    this.#prepareSignal = prepareSignal;
  }

  get signal(): AbortSignal {
    this.#leaseSignal ??= this.#createSignal();
    if (this.#isOver) this.#leaseSignal.abort();
    return this.#leaseSignal.signal;
  }

  #createSignal(): LeaseSignal {
    const leaseSignal = new LeaseSignal(this.fence, () => this.isActive(), 'PARTITION_LOST');
    this.#prepareSignal(leaseSignal.signal);
    return leaseSignal;
  }

  isActive(): boolean {
    if (!this.#isOver && !this.#holds()) this.abort();
    return !this.#isOver;
  }

  abort(): void {
    this.#isOver = true;
    this.#leaseSignal?.abort();
  }
}
