import { isUtf8 } from 'node:buffer';

/** One line, or why the stream cannot go on. A refusal is final: the session says `bye` with that code and closes. */
export type DecodedFrame =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'refused'; readonly code: 'FRAME_TOO_LARGE' | 'BAD_FRAME' };

const LF = 0x0a;
const CR = 0x0d;
const REPLACEMENT = '\ufffd';

/**
 * Cuts bytes, in whatever split they arrive, into lines (R-FRAME-1). Keeps at most `frameBytesMax` bytes of an unfinished
 * line and refuses it as soon as it is longer (R-FRAME-2); the terminator does not count.
 */
export class FrameDecoder {
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #frameBytesMax: number;
  #refused = false;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** R-FRAME-2: the limit rises once the session is welcomed. */
  allow(frameBytesMax: number): void {
    this.#frameBytesMax = frameBytesMax;
  }

  /** The frames that `chunk` completes, in order; a refusal is the last one, and nothing comes after it. */
  *push(chunk: Buffer): Generator<DecodedFrame, void, undefined> {
    let start = 0;
    while (!this.#refused) {
      const end = chunk.indexOf(LF, start);
      if (end === -1) break;
      const line = this.#complete(chunk.subarray(start, end));
      start = end + 1;
      if (line.length > this.#frameBytesMax) yield this.#refuse('FRAME_TOO_LARGE');
      else if (line.length > 0) yield this.#decode(line);
    }
    if (this.#refused) return;
    this.#keep(chunk.subarray(start));
    if (this.#pendingBytes > this.#frameBytesMax + 1 || this.#isOneTooLong()) yield this.#refuse('FRAME_TOO_LARGE');
  }

  #keep(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#pending.push(rest);
    this.#pendingBytes += rest.length;
  }

  /** One byte over the limit is still fine while it may be the \r of the terminator. */
  #isOneTooLong(): boolean {
    if (this.#pendingBytes !== this.#frameBytesMax + 1) return false;
    return this.#pending.at(-1)?.at(-1) !== CR;
  }

  #complete(tail: Buffer): Buffer {
    let line = tail;
    if (this.#pendingBytes > 0) {
      this.#pending.push(tail);
      line = Buffer.concat(this.#pending);
      this.#pending = [];
      this.#pendingBytes = 0;
    }
    return line.at(-1) === CR ? line.subarray(0, -1) : line;
  }

  #decode(line: Buffer): DecodedFrame {
    const text = line.toString('utf8');
    // Decoding puts U+FFFD for bytes that are no UTF-8; only a text that holds one needs the second look.
    if (text.includes(REPLACEMENT) && !isUtf8(line)) return this.#refuse('BAD_FRAME');
    return { kind: 'line', text };
  }

  #refuse(code: 'FRAME_TOO_LARGE' | 'BAD_FRAME'): DecodedFrame {
    this.#refused = true;
    this.#pending = [];
    this.#pendingBytes = 0;
    return { kind: 'refused', code };
  }
}
