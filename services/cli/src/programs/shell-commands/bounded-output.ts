/** Keeps a limited part of what a shell line writes. */

import { StringDecoder } from 'node:string_decoder';

/** The first bytes of an output, up to a limit. */
export interface KeptOutput {
  readonly bytes: Buffer;
  /** Whether the output had more bytes than were kept. */
  readonly isCut: boolean;
}

/** Keeps the first bytes of an output and drops the rest. */
export class OutputHead {
  readonly #bytesMax: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #isCut = false;

  /** @param bytesMax how much is kept */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Adds the next bytes. */
  add(chunk: Buffer): void {
    const kept = chunk.subarray(0, this.#bytesMax - this.#bytes);
    if (kept.length < chunk.length) this.#isCut = true;
    if (kept.length === 0) return;
    // Copy the slice: it would keep the whole buffer of the read in memory.
    this.#chunks.push(Buffer.from(kept));
    this.#bytes += kept.length;
  }

  /** Returns what was kept. */
  read(): KeptOutput {
    return { bytes: Buffer.concat(this.#chunks), isCut: this.#isCut };
  }
}

/** The limit of a kept line, characters. It is above the limit of a result's message (R-FRAME-4). */
const LINE_CHARS_MAX = 1024;

/** Keeps the start of the last line that is not blank. */
export class LastLine {
  readonly #decoder = new StringDecoder('utf8');
  #complete = '';
  #current = '';

  /** Adds the next bytes. */
  add(chunk: Buffer): void {
    const [first = '', ...rest] = this.#decoder.write(chunk).split('\n');
    this.#extend(first);
    for (const line of rest) {
      this.#endLine();
      this.#extend(line);
    }
  }

  /** Returns the last line, without blanks around it. Empty if there was none. */
  read(): string {
    this.#endLine();
    return this.#complete;
  }

  #extend(text: string): void {
    this.#current += text.slice(0, LINE_CHARS_MAX - this.#current.length);
  }

  #endLine(): void {
    const line = this.#current.trim();
    if (line !== '') this.#complete = line;
    this.#current = '';
  }
}
