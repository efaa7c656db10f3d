import { randomFillSync } from 'node:crypto';

/** Asking the operating system costs more than what one member needs: ask for many at a time. */
const POOL_BYTES = 8192;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** So many bytes that nobody can guess, each given out once. */
export function unguessable(bytes: number): Buffer {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const given = Buffer.from(pool.subarray(used, used + bytes));
  // What was given out is a secret: it does not stay.
  pool.fill(0, used, used + bytes);
  used += bytes;
  return given;
}
