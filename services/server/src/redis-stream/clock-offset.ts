/**
 * Measures how far the wall time of Redis is ahead of this server's monotonic clock. All servers of a cluster use the wall time of Redis, for
 * people and for new epochs.
 */

import type { Redis } from 'ioredis';
import type { Clock } from '../clock.js';
import { ANSWER_MS, withTimeout } from './with-timeout.js';

/** The number of TIME commands in one measurement. */
const TRIPS = 5;
/**
 * A measurement is used if its round trip is at most SLOWER_MAX times the last one plus SLOWER_MAX_MS. A slower one is not precise, because
 * it has waited for other commands.
 */
const SLOWER_MAX = 2;
const SLOWER_MAX_MS = 1;

/** One measurement of the offset. Its error is at most half of `tripMs`. */
interface Measurement {
  readonly offsetMs: number;
  readonly tripMs: number;
}

/** Measures the offset. Each measurement uses the fastest of five TIME commands, because the error is at most half of the round trip. */
export class ClockOffset {
  readonly #clock: Clock;
  #measurement: Measurement | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The wall time of Redis less the monotonic time of this server, in milliseconds. Undefined before the first measurement. */
  get offsetMs(): number | undefined {
    return this.#measurement?.offsetMs;
  }

  /** Measures on a new connection that has no other command in flight. Rejects if Redis does not answer within ANSWER_MS. */
  async measure(redis: Redis): Promise<void> {
    this.#measurement = await this.#measureQuickest(redis);
  }

  /** Measures again. Keeps the old measurement if the new round trips are much slower. Rejects as `measure` does. */
  async refresh(redis: Redis): Promise<void> {
    const reading = await this.#measureQuickest(redis);
    const before = this.#measurement;
    if (before === undefined || isBetter(reading, before)) this.#measurement = reading;
  }

  async #measureQuickest(redis: Redis): Promise<Measurement> {
    let quickest = await this.#measureOnce(redis);
    for (let trip = 1; trip < TRIPS; trip += 1) {
      const reading = await this.#measureOnce(redis);
      if (reading.tripMs < quickest.tripMs) quickest = reading;
    }
    return quickest;
  }

  async #measureOnce(redis: Redis): Promise<Measurement> {
    const startMs = this.#clock.monotonicMs();
    const [seconds, micros] = await withTimeout(this.#clock, ANSWER_MS, redis.time());
    const tripMs = this.#clock.monotonicMs() - startMs;
    const middleMs = startMs + tripMs / 2;
    return { offsetMs: Math.round(Number(seconds) * 1000 + Number(micros) / 1000 - middleMs), tripMs };
  }
}

/**
 * Whether a measurement replaces the one before. A less precise one does if it differs by more than both errors, because the clock of Redis
 * was set.
 */
function isBetter(reading: Measurement, before: Measurement): boolean {
  const differenceMs = Math.abs(reading.offsetMs - before.offsetMs);
  return (
    reading.tripMs <= before.tripMs * SLOWER_MAX + SLOWER_MAX_MS || differenceMs > (reading.tripMs + before.tripMs) / 2
  );
}
