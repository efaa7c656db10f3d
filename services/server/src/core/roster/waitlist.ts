import type { Newcomer, SessionId } from './member.js';

/** The queue of sessions that wait for a seat, in order of arrival (R-JOIN-4). */
export class Waitlist {
  readonly #waiting: Newcomer[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** The waiting sessions in the order of admission; the first has position 1. */
  get sessions(): readonly SessionId[] {
    return this.#waiting.map(({ session }) => session);
  }

  has(session: SessionId): boolean {
    return this.#waiting.some(waiting => waiting.session === session);
  }

  add(newcomer: Newcomer): void {
    this.#waiting.push(newcomer);
  }

  next(): Newcomer | undefined {
    return this.#waiting.shift();
  }

  /** Removes a session. Returns false if it does not wait. */
  remove(session: SessionId): boolean {
    const index = this.#waiting.findIndex(waiting => waiting.session === session);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  snapshot(): Newcomer[] {
    return this.#waiting.map(copyOf);
  }

  /** Loads a snapshot into an empty waitlist. */
  load(waiting: readonly Newcomer[]): void {
    this.#waiting.push(...waiting);
  }
}

/** Copies field by field, so that the JSON text is the same at every server. */
function copyOf({ id, session, name, tags, address, secretHash }: Newcomer): Newcomer {
  return { id, session, name, tags, address, secretHash };
}
