import type { Redis } from 'ioredis';
import type { Clock } from '../clock.js';
import { ANSWER_MS, withTimeout } from './with-timeout.js';

const TRIPS = 5;
/** A question that waited behind others takes longer, and then says little. */
const SLOWER_MAX = 2;
const SLOWER_MAX_MS = 1;

interface Reading {
  readonly offsetMs: number;
  readonly tripMs: number;
}

/** How far the clock of Redis is ahead of ours, as the quickest of a few questions finds it; off by half of that one at most. */
export class ClockOffset {
  readonly #clock: Clock;
  #reading: Reading = { offsetMs: 0, tripMs: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get offsetMs(): number {
    return this.#reading.offsetMs;
  }

  /** On a new connection, with nothing else under way on it. */
  async measureFirst(redis: Redis): Promise<void> {
    this.#reading = await this.#quickest(redis);
  }

  /** Keeps the old reading where this one is not as good. */
  async refresh(redis: Redis): Promise<void> {
    const reading = await this.#quickest(redis);
    if (reading.tripMs <= this.#reading.tripMs * SLOWER_MAX + SLOWER_MAX_MS) this.#reading = reading;
  }

  async #quickest(redis: Redis): Promise<Reading> {
    let quickest = await this.#read(redis);
    for (let trip = 1; trip < TRIPS; trip += 1) {
      const reading = await this.#read(redis);
      if (reading.tripMs < quickest.tripMs) quickest = reading;
    }
    return quickest;
  }

  async #read(redis: Redis): Promise<Reading> {
    const startMs = this.#clock.monotonicMs();
    const [seconds, micros] = await withTimeout(this.#clock, ANSWER_MS, redis.time());
    const tripMs = this.#clock.monotonicMs() - startMs;
    const middleMs = this.#clock.wallMs() - tripMs / 2;
    return { offsetMs: Math.round(Number(seconds) * 1000 + Number(micros) / 1000 - middleMs), tripMs };
  }
}
