/** Gives out marks, each of them once in the world. */
export class RecordMarks {
  readonly #start: string;
  #given = 0;

  constructor(randomBytes: (size: number) => Buffer) {
    this.#start = randomBytes(9).toString('base64url');
  }

  next(): string {
    this.#given += 1;
    return `${this.#start}.${this.#given.toString(36)}`;
  }
}
