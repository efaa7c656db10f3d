import { LeaseSignal } from '../leadership/lease-signal.js';
import type { Fence } from '../session/seat.js';
import type { PartitionHold } from './partition-types.js';

/** The lease of one held partition. Its signal is created when it is first read, because a member may hold thousands. */
export class PartitionLease implements PartitionHold {
  readonly fence: Fence;
  /** Whether `acquire` was called and has not failed. */
  isAcquired = false;
  readonly #holds: () => boolean;
  #leaseSignal: LeaseSignal | undefined;
  #isOver = false;

  /** `holds` returns whether this member still holds the partition, by the clock. */
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
