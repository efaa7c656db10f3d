/** What one client has not read yet. */

import type { SharedBytes, UnreadBytes } from './unread-bytes.js';

/** Small writes are counted together up to this many bytes, so that a backlog of small frames has few entries. */
const MERGED_BYTES_MAX = 65_536;

/** Writes that the client has not read. `endsAt` is the position of their end among all bytes that were written to the client. */
interface UnreadWrite {
  endsAt: number;
  /** The bytes that are in memory for this session alone. */
  ownBytes: number;
  readonly shared: readonly SharedBytes[];
}

/** The writes to one client that it has not read, oldest first. Counts them in UnreadBytes until the client has read them. */
export class UnreadWrites {
  readonly #unreadBytes: UnreadBytes;
  readonly #writes: UnreadWrite[] = [];

  constructor(unreadBytes: UnreadBytes) {
    this.#unreadBytes = unreadBytes;
  }

  /** Adds a write that the operating system has not taken. */
  add(endsAt: number, ownBytes: number, shared: readonly SharedBytes[]): void {
    this.#unreadBytes.addOwn(ownBytes);
    for (const each of shared) this.#unreadBytes.hold(each);
    const last = this.#writes.at(-1);
    if (
      last !== undefined &&
      shared.length + last.shared.length === 0 &&
      last.ownBytes + ownBytes <= MERGED_BYTES_MAX
    ) {
      last.endsAt = endsAt;
      last.ownBytes += ownBytes;
    } else this.#writes.push({ endsAt, ownBytes, shared });
  }

  /** Removes the writes that end at `position` or before. */
  removeRead(position: number): void {
    let count = 0;
    for (const { endsAt, ownBytes, shared } of this.#writes) {
      if (endsAt > position) break;
      this.#unreadBytes.addOwn(-ownBytes);
      for (const each of shared) this.#unreadBytes.release(each);
      count += 1;
    }
    if (count > 0) this.#writes.splice(0, count);
  }
}
