/** Measures how far the clock of Redis is ahead of this server's. */

import type { Redis } from 'ioredis';
import type { Clock } from '../clock.js';
import { ANSWER_MS, withTimeout } from './with-timeout.js';

const TRIPS = 5;
/** A slower round trip than this (factor, plus milliseconds) waited behind other commands, so its measurement is too imprecise. */
const SLOWER_MAX = 2;
const SLOWER_MAX_MS = 1;

/** One measurement of the offset; the error is at most half of `tripMs`. */
interface Measurement {
  readonly offsetMs: number;
  readonly tripMs: number;
}

/**
 * Measures how far the clock of Redis is ahead of this server's clock. Each measurement takes the fastest of five TIME commands,
 * because its error is at most half of the round trip.
 */
export class ClockOffset {
  readonly #clock: Clock;
  #measurement: Measurement = { offsetMs: 0, tripMs: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds by which Redis is ahead; negative if it is behind, 0 before the first measurement. */
  get offsetMs(): number {
    return this.#measurement.offsetMs;
  }

  /** Measures on a new connection that has no other command in flight. Rejects if Redis does not answer within ANSWER_MS. */
  async measure(redis: Redis): Promise<void> {
    this.#measurement = await this.#measureQuickest(redis);
  }

  /** Measures again and keeps the old measurement if the new round trips are much slower. Rejects as `measure` does. */
  async refresh(redis: Redis): Promise<void> {
    const reading = await this.#measureQuickest(redis);
    if (reading.tripMs <= this.#measurement.tripMs * SLOWER_MAX + SLOWER_MAX_MS) this.#measurement = reading;
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
    const middleMs = this.#clock.wallMs() - tripMs / 2;
    return { offsetMs: Math.round(Number(seconds) * 1000 + Number(micros) / 1000 - middleMs), tripMs };
  }
}
