/** R-PACE-1: how much a session has sent lately. */

/**
 * The cost that a light session may have at once. A frame costs 1. LIGHT_BYTES_PER_COST received bytes cost 1 more, and so does each
 * millisecond that its frames take.
 */
export const LIGHT_COST_MAX = 16;
/** The cost of a second that leaves a session light: twice what R-PACE-1 allows for pings. */
const LIGHT_COST_PER_SECOND = 100;
const LIGHT_BYTES_PER_COST = 1024;
/** The most milliseconds that count at once. If a read takes longer, another process probably had the processor. */
const COUNTED_MS_MAX = 5;

/** What a session has taken in a round, and whether it sends little. */
export class ReadShare {
  round = 0;
  /** The frames that were taken in `round`. */
  frames = 0;
  /** The last round in which the session had to wait as one of the sessions that send much, or took long. */
  waitedInRound = -2;
  /** What the session may still send and remain light. Negative if it has sent more. */
  #credit = LIGHT_COST_MAX;
  #creditAtMs = 0;
  #countedBytes = 0;

  /** Whether the session has sent little lately. */
  get isLight(): boolean {
    return this.#credit > 0;
  }

  /** Counts frames that were taken from `startMs` to `endMs` of the monotonic clock, and the bytes received since the last call. */
  countCost(frames: number, receivedBytes: number, startMs: number, endMs: number): void {
    const regained = ((startMs - this.#creditAtMs) * LIGHT_COST_PER_SECOND) / 1000;
    const elapsedMs = Math.min(endMs - startMs, COUNTED_MS_MAX);
    const cost = frames + (receivedBytes - this.#countedBytes) / LIGHT_BYTES_PER_COST + elapsedMs;
    this.#credit = Math.max(-LIGHT_COST_MAX, Math.min(LIGHT_COST_MAX, this.#credit + regained) - cost);
    this.#creditAtMs = startMs;
    this.#countedBytes = receivedBytes;
  }
}
