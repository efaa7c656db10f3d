import { randomBytes } from 'node:crypto';

/** Gives out marks, each of them once in the world. */
export class AppendMarks {
  readonly #start = randomBytes(9).toString('base64url');
  #given = 0;

  next(): string {
    this.#given += 1;
    return `${this.#start}.${this.#given.toString(36)}`;
  }
}
