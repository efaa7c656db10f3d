import type { PartitionHold } from './partitions.js';
import type { Fence } from '../session/seat.js';
import { LeaseSignal } from '../leadership/lease-signal.js';

/** One stretch of holding a partition. Its signal is made when somebody asks for it: a member may hold thousands. */
export class PartitionLease implements PartitionHold {
  readonly fence: Fence;
  /** `acquire` was called, and did not fail. */
  isTaken = false;
  readonly #holds: () => boolean;
  #term: LeaseSignal | undefined;
  #isOver = false;

  /** `holds`: by the clock. */
  constructor(fence: Fence, holds: () => boolean) {
    this.fence = fence;
    this.#holds = holds;
  }

  get signal(): AbortSignal {
    this.#term ??= new LeaseSignal(this.fence, () => this.lasts(), 'PARTITION_LOST');
    if (this.#isOver) this.#term.end();
    return this.#term.signal;
  }

  lasts(): boolean {
    if (!this.#isOver && !this.#holds()) this.end();
    return !this.#isOver;
  }

  end(): void {
    this.#isOver = true;
    this.#term?.end();
  }
}
