/** The memory of what clients have not read yet: of all sessions together, and of each sender of commands. */

import type { SessionId } from '../../core/index.js';

/** Bytes that several outboxes share. They are held while one of these clients has not read them. */
export interface SharedBytes {
  readonly bytes: number;
  /** How many of these bytes each sender has sent. */
  readonly bySender: ReadonlyMap<SessionId, number>;
  /** The number of outboxes that hold the bytes. */
  holders: number;
}

/** Returns a SharedBytes that no outbox holds yet. */
export function sharedBytes(bytes: number, bySender: ReadonlyMap<SessionId, number>): SharedBytes {
  return { bytes, bySender, holders: 0 };
}

/**
 * Counts the bytes that wait for all sessions, with the limit RANKD_UNREAD_BYTES_MAX. Shared bytes count once. Half of the limit is for
 * commands. A sender may use at most as many bytes of that half as remain free (R-FLOW-1). The other half is for answers.
 */
export class UnreadBytes {
  readonly #max: number;
  readonly #bySender = new Map<SessionId, number>();
  #total = 0;
  #shared = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** The bytes that wait for all sessions. */
  get total(): number {
    return this.#total;
  }

  /** How many bytes may still wait. A session with a larger backlog has no room for another frame of its own. */
  get left(): number {
    return Math.max(0, this.#max - this.#total);
  }

  /** Whether a sender must wait until the recipients of its commands have read them. */
  isSenderOver(sender: SessionId): boolean {
    return this.#total >= this.#max / 2 || (this.#bySender.get(sender) ?? 0) > this.#max / 2 - this.#shared;
  }

  /** Adds the bytes of one session, or subtracts them if the number is negative. */
  addOwn(bytes: number): void {
    this.#total += bytes;
  }

  /** Records that one more outbox holds the bytes. */
  hold(shared: SharedBytes): void {
    shared.holders += 1;
    if (shared.holders === 1) this.#addShared(shared, 1);
  }

  /** Records that an outbox does not hold the bytes any longer. */
  release(shared: SharedBytes): void {
    shared.holders -= 1;
    if (shared.holders === 0) this.#addShared(shared, -1);
  }

  #addShared({ bytes, bySender }: SharedBytes, sign: 1 | -1): void {
    this.#total += sign * bytes;
    this.#shared += sign * bytes;
    for (const [sender, sent] of bySender) {
      const now = (this.#bySender.get(sender) ?? 0) + sign * sent;
      if (now === 0) this.#bySender.delete(sender);
      else this.#bySender.set(sender, now);
    }
  }
}
