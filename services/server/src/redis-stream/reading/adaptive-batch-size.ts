/** Chooses how many records one XREAD requests. */

import type { RawRecord } from '../records.js';

/** The limit of records of one shard in one read. */
const COUNT_MAX = 512;
/** The number of records that the first read requests. */
const COUNT_FIRST = 64;
/** After a larger reply, the next read requests fewer records. This is needed because XREAD has no limit in bytes. */
const BYTES_MAX = 8 * 1024 * 1024;

/** Chooses how many records the next XREAD requests: half as many after a reply that was too large, twice as many after a small one. */
export class AdaptiveBatchSize {
  #count = COUNT_FIRST;

  /** The number of records of one shard that the next read requests, 1 to COUNT_MAX. */
  get count(): number {
    return this.#count;
  }

  /** Adapts the count to the size of a reply. */
  adaptTo(streams: readonly (readonly RawRecord[])[]): void {
    let bytes = 0;
    for (const [, fields] of streams.flat()) for (const field of fields) bytes += field.length;
    if (bytes > BYTES_MAX) this.#count = Math.max(1, Math.floor(this.#count / 2));
    else if (bytes < BYTES_MAX / 4) this.#count = Math.min(COUNT_MAX, this.#count * 2);
  }
}
