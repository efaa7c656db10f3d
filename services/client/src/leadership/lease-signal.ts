import { RankdError } from '../rankd-error.js';
import type { Fence } from '../session/seat.js';

/** What the platform says, whatever the signal itself has been taught to say. */
function isAborted(signal: AbortSignal): boolean {
  return Reflect.get(AbortSignal.prototype, 'aborted', signal);
}

/**
 * One stretch of leading, from becoming rank 0, or acting on it again, until that is over; or of holding a partition. Its signal consults the clock
 * whenever `aborted` is read (R-LEAD-3): a process that was stopped and continued reads true before any timer has fired.
 */
export class LeaseSignal {
  readonly fence: Fence;
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #why: 'LEADERSHIP_LOST' | 'PARTITION_LOST';

  /** `why`: the code of the signal's reason. */
  constructor(fence: Fence, holds: () => boolean, why: 'LEADERSHIP_LOST' | 'PARTITION_LOST' = 'LEADERSHIP_LOST') {
    this.fence = fence;
    this.#why = why;
    this.signal = this.#controller.signal;
    Object.defineProperties(this.signal, {
      aborted: {
        get: () => {
          if (!this.#isOver && !holds()) this.end();
          return this.#isOver;
        },
      },
      throwIfAborted: {
        value: () => {
          if (this.signal.aborted) throw this.signal.reason as RankdError;
        },
      },
    });
  }

  get #isOver(): boolean {
    return isAborted(this.#controller.signal);
  }

  /** Does it still last, by the clock? */
  lasts(): boolean {
    return !this.signal.aborted;
  }

  end(): void {
    if (!this.#isOver) this.#controller.abort(new RankdError(this.#why));
  }
}
