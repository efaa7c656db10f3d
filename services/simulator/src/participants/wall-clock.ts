/** A simulated system clock, which operators and time servers set forwards and back. */

import type { SeededRandom, VirtualClock } from '@rankd/testkit';

/** The wall time at the start of a simulation, ms since 1970. */
const WALL_START_MS = 1_700_000_000_000;
/** By how much a clock is wrong at most, ms: an hour in both directions. */
const WRONG_MS_MAX = 3_600_000;
/** The share of steps after which a clock is set. */
const SET_SHARE = 0.02;

/** The wall clock of one machine. */
export class WallClock {
  readonly #world: Pick<VirtualClock, 'nowMs'>;
  #aheadMs: number;
  #latestMs = 0;
  #state: 'disturbed' | 'steady' = 'disturbed';

  /** @param aheadMs the error at the start */
  constructor(world: Pick<VirtualClock, 'nowMs'>, aheadMs = 0) {
    this.#world = world;
    this.#aheadMs = aheadMs;
  }

  /** The wall time in ms since 1970. */
  get nowMs(): number {
    const nowMs = WALL_START_MS + this.#aheadMs + Math.floor(this.#world.nowMs);
    this.#latestMs = Math.max(this.#latestMs, nowMs);
    return nowMs;
  }

  /** Sometimes sets the clock, up to an hour forwards or back. */
  disturb(random: SeededRandom): void {
    if (random.chance(SET_SHARE) && this.#state === 'disturbed')
      this.#aheadMs = random.between(-WRONG_MS_MAX, WRONG_MS_MAX);
  }

  /**
   * From now on the clock shows no earlier time than before. A server that restarts without the earlier order needs this: only the clock
   * makes its epochs larger.
   */
  makeSteady(): void {
    this.#state = 'steady';
    this.#aheadMs += Math.max(0, this.#latestMs - this.nowMs);
  }
}
