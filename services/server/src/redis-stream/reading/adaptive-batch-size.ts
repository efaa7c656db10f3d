import type { RawRecord } from '../records.js';

/** Records of one shard in one read. */
const COUNT_MAX = 512;
const COUNT_FIRST = 64;
/** What one read may bring in all; Redis counts records, not bytes, so the next read is made smaller. */
const BYTES_MAX = 8 * 1024 * 1024;

/** How many records to ask for: fewer once a read has brought too many bytes, more again while there is room. */
export class AdaptiveBatchSize {
  #count = COUNT_FIRST;

  get count(): number {
    return this.#count;
  }

  adapt(streams: readonly (readonly RawRecord[])[]): void {
    let bytes = 0;
    for (const [, fields] of streams.flat()) for (const field of fields) bytes += field.length;
    if (bytes > BYTES_MAX) this.#count = Math.max(1, Math.floor(this.#count / 2));
    else if (bytes < BYTES_MAX / 4) this.#count = Math.min(COUNT_MAX, this.#count * 2);
  }
}
