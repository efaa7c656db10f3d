/** Creates the marks of records. Each mark is globally unique: a random prefix of this process and a counter. */
export class RecordMarks {
  readonly #prefix: string;
  #count = 0;

  constructor(randomBytes: (size: number) => Buffer) {
    this.#prefix = randomBytes(9).toString('base64url');
  }

  /** Returns a mark that no other record has. */
  nextMark(): string {
    this.#count += 1;
    return `${this.#prefix}.${this.#count.toString(36)}`;
  }
}
