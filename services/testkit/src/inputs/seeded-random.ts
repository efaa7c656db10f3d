/** Pseudo-random numbers that are the same for the same seed, on every machine (mulberry32). */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Returns a number from 0 up to 1, without 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** Returns a whole number from 0 up to `end`, without `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end);
  }

  /** Returns a whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Returns true with probability `share`. */
  chance(share: number): boolean {
    return this.fraction() < share;
  }

  /** Returns an item of the list. Undefined if the list is empty. */
  pick<T>(among: readonly T[]): T | undefined {
    return among[this.below(among.length)];
  }

  /** Returns random bytes. */
  bytes(size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size);
    for (let index = 0; index < size; index += 1) bytes[index] = this.below(256);
    return bytes;
  }
}
