import { LeaseSignal } from '../leadership/lease-signal.js';
import type { Fence } from '../session/seat.js';
import type { PartitionHold } from './partition-types.js';

/** The lease of one held partition. Its signal is created at the first read, because a member may hold thousands of partitions. */
export class PartitionLease implements PartitionHold {
  readonly fence: Fence;
  /** Whether the `acquire` handler was called and has not failed. */
  isAcquired = false;
  readonly #holds: () => boolean;
  #leaseSignal: LeaseSignal | undefined;
  #isOver = false;

  /** @param holds returns whether this member holds the partition at this moment, by the clock */
  constructor(fence: Fence, holds: () => boolean) {
    this.fence = fence;
    this.#holds = holds;
  }

  get signal(): AbortSignal {
    this.#leaseSignal ??= new LeaseSignal(this.fence, () => this.isActive(), 'PARTITION_LOST');
    if (this.#isOver) this.#leaseSignal.abort();
    return this.#leaseSignal.signal;
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
