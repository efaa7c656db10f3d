/** R-FRAME-1, R-FRAME-2: cuts the bytes of a connection into frames. */

import { isAscii, isUtf8 } from 'node:buffer';

/** A frame, or the error code for a stream that is not valid. The session then ends with `bye` and that code. */
export type DecodedFrame =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'refused'; readonly code: 'FRAME_TOO_LARGE' | 'BAD_FRAME' };

const LF = 0x0a;
const CR = 0x0d;
const REPLACEMENT = '\ufffd';
const NONE: Buffer = Buffer.alloc(0);

/**
 * Cuts a stream of bytes into lines (R-FRAME-1). A line may arrive in any number of reads. A line is refused as soon as it is longer than
 * `frameBytesMax`, so the decoder keeps at most that many bytes of an unfinished line (R-FRAME-2). The line end does not count towards the
 * limit. Call `push` with the bytes of one read, then `next` until it returns undefined. A caller may pause between two calls of `next`.
 */
export class FrameDecoder {
  /** The bytes of the last push. If the push completed an unfinished line, the earlier bytes of that line are in front. */
  #bytes = NONE;
  /** The bytes of the last push as text, if all are ASCII. Lines are then cut from this text, which is faster than decoding each line. */
  #ascii: string | undefined;
  #start = 0;
  /** The pieces of a line whose end has not arrived. */
  #unfinished: Buffer[] = [];
  #unfinishedBytes = 0;
  #frameBytesMax: number;
  #state: 'open' | 'refused' = 'open';

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Changes the limit, because a session may send longer frames after its welcome (R-FRAME-2). */
  allow(frameBytesMax: number): void {
    this.#frameBytesMax = frameBytesMax;
  }

  /**
   * Adds the bytes of one read.
   * @throws Error if `next` has not returned undefined since the last push.
   */
  push(chunk: Buffer): void {
    if (this.#state === 'refused') return;
    if (this.hasBytes) throw new Error('a read was pushed before the earlier one was consumed');
    const bytes = this.#isEndWanted(chunk) ? this.#joined(chunk) : chunk;
    this.#bytes = bytes;
    this.#start = 0;
    this.#ascii = isAscii(bytes) ? bytes.toString('latin1') : undefined;
  }

  /** Whether bytes of the last push wait. They may contain no complete frame. */
  get hasBytes(): boolean {
    return this.#start < this.#bytes.length;
  }

  /** Returns the next complete frame. Returns undefined if there is none yet. After a refusal it always returns undefined. */
  next(): DecodedFrame | undefined {
    while (this.#state === 'open' && this.#start < this.#bytes.length) {
      const start = this.#start;
      const found = this.#ascii?.indexOf('\n', start) ?? this.#bytes.indexOf(LF, start);
      if (found === -1) return this.#keepUnfinished();
      this.#start = found + 1;
      const end = this.#bytes[found - 1] === CR && found > start ? found - 1 : found;
      if (end - start > this.#frameBytesMax) return this.#refuse('FRAME_TOO_LARGE');
      if (end > start) return this.#takeLine(start, end);
    }
    // Release the bytes: otherwise each of thousands of idle sessions keeps its last frame in memory.
    this.#release();
    return undefined;
  }

  /** Returns the line. The last line of a push releases its bytes, because a caller may not ask for another one. */
  #takeLine(start: number, end: number): DecodedFrame {
    const line = this.#line(start, end);
    if (!this.hasBytes) this.#release();
    return line;
  }

  #line(start: number, end: number): DecodedFrame {
    if (this.#ascii !== undefined) return { kind: 'line', text: this.#ascii.slice(start, end) };
    const text = this.#bytes.toString('utf8', start, end);
    // Decoding replaces invalid bytes with U+FFFD, so only a text with that character needs a second check.
    if (text.includes(REPLACEMENT) && !isUtf8(this.#bytes.subarray(start, end))) return this.#refuse('BAD_FRAME');
    return { kind: 'line', text };
  }

  /**
   * Whether this chunk ends the unfinished line. Its pieces are joined only then, because joining them at each read takes quadratic time.
   */
  #isEndWanted(chunk: Buffer): boolean {
    return this.#unfinishedBytes > 0 && chunk.includes(LF);
  }

  #joined(chunk: Buffer): Buffer {
    const bytes = Buffer.concat([...this.#unfinished, chunk]);
    this.#unfinished = [];
    this.#unfinishedBytes = 0;
    return bytes;
  }

  #keepUnfinished(): DecodedFrame | undefined {
    const rest = this.#bytes.subarray(this.#start);
    // Copy a small remainder, so that a few bytes do not keep the buffer of the whole read in memory.
    this.#unfinished.push(rest.length * 2 < this.#bytes.length ? Buffer.from(rest) : rest);
    this.#unfinishedBytes += rest.length;
    this.#release();
    // Accept one byte more than the limit if it may be the \r of the line end.
    const isTooLong =
      this.#unfinishedBytes > this.#frameBytesMax + 1 ||
      (this.#unfinishedBytes === this.#frameBytesMax + 1 && rest.at(-1) !== CR);
    return isTooLong ? this.#refuse('FRAME_TOO_LARGE') : undefined;
  }

  #refuse(code: 'FRAME_TOO_LARGE' | 'BAD_FRAME'): DecodedFrame {
    this.#state = 'refused';
    this.#unfinished = [];
    this.#unfinishedBytes = 0;
    this.#release();
    return { kind: 'refused', code };
  }

  #release(): void {
    this.#bytes = NONE;
    this.#ascii = undefined;
    this.#start = 0;
  }
}
