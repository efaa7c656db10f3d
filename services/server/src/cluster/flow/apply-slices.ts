/** Applies records in slices of time, so that a server with many unapplied records still reads from its sessions and writes to them. */

import type { Clock } from '../../clock.js';

/**
 * How long records are applied before the sockets are read and written. A slice takes longer if the commands of one record have many
 * recipients.
 */
export const SLICE_MS = 10;
/** A shard with more characters of unapplied records is not read until they are applied. */
export const CONGESTED_CHARS_MAX = 1_048_576;

/** Applies records until `isTimeOver` returns true. Returns `unfinished` if records remain that can be applied. */
export type ApplySlice = (isTimeOver: () => boolean) => 'unfinished' | 'done';

/** Runs one slice after another, each in its own round of the event loop. */
export class ApplySlices {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'soon'>;
  readonly #apply: ApplySlice;
  #state: 'idle' | 'unfinished' = 'idle';

  constructor(clock: Pick<Clock, 'monotonicMs' | 'soon'>, apply: ApplySlice) {
    this.#clock = clock;
    this.#apply = apply;
  }

  /** Whether more than CONGESTED_CHARS_MAX characters of records wait for the next slice. No further records should be read then. */
  isCongested(unappliedChars: number): boolean {
    return this.#state === 'unfinished' && unappliedChars > CONGESTED_CHARS_MAX;
  }

  /** Applies records now, unless a slice is scheduled that will apply them. */
  run(): void {
    if (this.#state === 'unfinished') return;
    const untilMs = this.#clock.monotonicMs() + SLICE_MS;
    if (this.#apply(() => this.#clock.monotonicMs() >= untilMs) === 'done') return;
    this.#state = 'unfinished';
    this.#clock.soon(() => {
      this.#state = 'idle';
      this.run();
    });
  }
}
