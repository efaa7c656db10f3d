import { randomFillSync } from 'node:crypto';

/** Asking the operating system costs more than what one member needs: ask for many bytes at a time. */
const POOL_BYTES = 8192;

/** Random bytes for ids and secrets, fetched from the operating system in blocks. Each byte is given out once. */
export class RandomPool {
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #usedBytes = POOL_BYTES;

  takeBytes(count: number): Buffer {
    if (this.#usedBytes + count > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#usedBytes = 0;
    }
    const end = this.#usedBytes + count;
    const taken = Buffer.from(this.#pool.subarray(this.#usedBytes, end));
    // What was given out is a secret: the pool does not keep it.
    this.#pool.fill(0, this.#usedBytes, end);
    this.#usedBytes = end;
    return taken;
  }
}
