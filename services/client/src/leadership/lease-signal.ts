/** An AbortSignal that checks the clock when it is read. */

import { RankdError } from '../rankd-error.js';
import type { Fence } from '../session/seat.js';

/** Reads the built-in `aborted` property, which `LeaseSignal` overrides on its signal. */
function isAborted(signal: AbortSignal): boolean {
  return Reflect.get(AbortSignal.prototype, 'aborted', signal);
}

/**
 * An AbortSignal for one leadership, or for one period of owning a partition. Reading `aborted` checks the lease by the clock (R-LEAD-3).
 * So a process that was stopped and continued reads true at once, before any timer has fired.
 */
export class LeaseSignal {
  readonly fence: Fence;
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #reasonCode: 'LEADERSHIP_LOST' | 'PARTITION_LOST';

  /**
   * @param isLeaseValid called at each read of the signal, until it returns false
   * @param reasonCode the code of the RankdError that is the signal's reason after the abort
   */
  constructor(
    fence: Fence,
    isLeaseValid: () => boolean,
    reasonCode: 'LEADERSHIP_LOST' | 'PARTITION_LOST' = 'LEADERSHIP_LOST',
  ) {
    this.fence = fence;
    this.#reasonCode = reasonCode;
    this.signal = this.#controller.signal;
    Object.defineProperties(this.signal, {
      aborted: {
        get: () => {
          if (!this.#isAborted && !isLeaseValid()) this.abort();
          return this.#isAborted;
        },
      },
      throwIfAborted: {
        value: () => {
          if (this.signal.aborted) throw this.signal.reason as RankdError;
        },
      },
    });
  }

  get #isAborted(): boolean {
    return isAborted(this.#controller.signal);
  }

  /** Returns whether the lease is valid at this moment, by the clock. */
  isActive(): boolean {
    return !this.signal.aborted;
  }

  /** Aborts the signal. Does nothing if it is aborted already. */
  abort(): void {
    if (!this.#isAborted) this.#controller.abort(new RankdError(this.#reasonCode));
  }
}
