import { LeaseSignal } from '../leadership/lease-signal.js';
import type { Fence } from '../session/seat.js';
import type { PartitionHold } from './partitions.js';

/** One stretch of holding a partition. Its signal is made when somebody asks for it: a member may hold thousands. */
export class PartitionLease implements PartitionHold {
  readonly fence: Fence;
  /** `acquire` was called, and did not fail. */
  isAcquired = false;
  readonly #holds: () => boolean;
  #leaseSignal: LeaseSignal | undefined;
  #isOver = false;

  /** `holds`: by the clock. */
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
