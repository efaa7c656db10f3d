/** A pool of random bytes for ids and secrets. */

import { randomFillSync } from 'node:crypto';

/** One call to the operating system costs more than the few bytes of one member, so it fetches this many at once. */
const POOL_BYTES = 8192;

/** Random bytes, fetched from the operating system in blocks. Each byte is returned once. */
export class RandomPool {
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #usedBytes = POOL_BYTES;

  /** Returns `count` random bytes, at most 8192. */
  takeBytes(count: number): Buffer {
    if (this.#usedBytes + count > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#usedBytes = 0;
    }
    const end = this.#usedBytes + count;
    const taken = Buffer.from(this.#pool.subarray(this.#usedBytes, end));
    // The bytes become a secret, so the pool must not keep them.
    this.#pool.fill(0, this.#usedBytes, end);
    this.#usedBytes = end;
    return taken;
  }
}
