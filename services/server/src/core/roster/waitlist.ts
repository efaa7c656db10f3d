/** The waitlist of a full group. */

import type { Newcomer, SessionId } from './member.js';

/** The waitlist: sessions that wait for a seat in a full group, in order of arrival (R-JOIN-4). */
export class Waitlist {
  readonly #waiting: Newcomer[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** The waiting sessions in order. The first one has position 1. */
  get sessions(): readonly SessionId[] {
    return this.#waiting.map(({ session }) => session);
  }

  /** Whether the session waits. */
  has(session: SessionId): boolean {
    return this.#waiting.some(waiting => waiting.session === session);
  }

  add(newcomer: Newcomer): void {
    this.#waiting.push(newcomer);
  }

  /** Removes and returns the first session. Returns undefined if none waits. */
  next(): Newcomer | undefined {
    return this.#waiting.shift();
  }

  /** Removes a session. Returns false if it does not wait. */
  remove(session: SessionId): boolean {
    const index = this.#waiting.findIndex(waiting => waiting.session === session);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  /** Returns the waitlist as plain values. */
  snapshot(): Newcomer[] {
    return this.#waiting.map(copyOf);
  }

  /** Loads a snapshot. The waitlist must be empty. */
  load(waiting: readonly Newcomer[]): void {
    this.#waiting.push(...waiting);
  }
}

/** Copies field by field, so that the JSON text has the same order of fields on every server. */
function copyOf({ id, session, name, tags, address, secretHash }: Newcomer): Newcomer {
  return { id, session, name, tags, address, secretHash };
}
