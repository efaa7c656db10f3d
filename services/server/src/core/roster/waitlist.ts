import type { Newcomer, SessionId } from './member.js';

/** Who waits for a seat, first come first served (R-JOIN-4). */
export class Waitlist {
  readonly #waiting: Newcomer[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** In the order in which they will be admitted; position 1 is the first. */
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

  /** False where it does not wait. */
  remove(session: SessionId): boolean {
    const index = this.#waiting.findIndex(waiting => waiting.session === session);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  snapshot(): Newcomer[] {
    return this.#waiting.map(copyOf);
  }

  /** Of a waitlist that is empty. */
  load(waiting: readonly Newcomer[]): void {
    this.#waiting.push(...waiting);
  }
}

/** Field by field: its text is then the same wherever it was decoded. */
function copyOf({ id, session, name, tags, address, secretHash }: Newcomer): Newcomer {
  return { id, session, name, tags, address, secretHash };
}
