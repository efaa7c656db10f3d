import { isAscii, isUtf8 } from 'node:buffer';

/** One line, or why the stream cannot go on. A refusal is final: the session says `bye` with that code and closes. */
export type DecodedFrame =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'refused'; readonly code: 'FRAME_TOO_LARGE' | 'BAD_FRAME' };

const LF = 0x0a;
const CR = 0x0d;
const REPLACEMENT = '\ufffd';
const NONE: Buffer = Buffer.alloc(0);

/**
 * Cuts bytes, in whatever split they arrive, into lines (R-FRAME-1). Keeps at most `frameBytesMax` bytes of an unfinished
 * line and refuses it as soon as it is longer (R-FRAME-2); the terminator does not count. Push a read, then take `next`
 * until there is none; a reader that stops in between may go on later.
 */
export class FrameDecoder {
  /** The bytes that were read last, with those before them that their first line needs. */
  #bytes = NONE;
  /** The same as text where each byte is one character; then lines are cut without decoding each. */
  #ascii: string | undefined;
  #start = 0;
  /** The beginning of a line whose end has not come. */
  #unfinished: Buffer[] = [];
  #unfinishedBytes = 0;
  #frameBytesMax: number;
  #state: 'open' | 'refused' = 'open';

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** R-FRAME-2: the limit rises once the session is welcomed. */
  allow(frameBytesMax: number): void {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Bytes that follow those pushed before, of which every frame has been taken. */
  push(chunk: Buffer): void {
    if (this.#state === 'refused') return;
    if (this.#start < this.#bytes.length) throw new Error('a read was pushed before the one before it was taken');
    const bytes = this.#isEndWanted(chunk) ? this.#joined(chunk) : chunk;
    this.#bytes = bytes;
    this.#start = 0;
    this.#ascii = isAscii(bytes) ? bytes.toString('latin1') : undefined;
  }

  /** The next frame that is complete. Undefined: all of them have been taken. A refusal is the last one. */
  next(): DecodedFrame | undefined {
    while (this.#state === 'open' && this.#start < this.#bytes.length) {
      const start = this.#start;
      const found = this.#ascii?.indexOf('\n', start) ?? this.#bytes.indexOf(LF, start);
      if (found === -1) return this.#keepUnfinished();
      this.#start = found + 1;
      const end = this.#bytes[found - 1] === CR && found > start ? found - 1 : found;
      if (end - start > this.#frameBytesMax) return this.#refuse('FRAME_TOO_LARGE');
      if (end > start) return this.#line(start, end);
    }
    // Thousands of sessions that say little must not each keep what they said last.
    this.#release();
    return undefined;
  }

  #line(start: number, end: number): DecodedFrame {
    if (this.#ascii !== undefined) return { kind: 'line', text: this.#ascii.slice(start, end) };
    const text = this.#bytes.toString('utf8', start, end);
    // Decoding puts U+FFFD for bytes that are no UTF-8; only a text that holds one needs the second look.
    if (text.includes(REPLACEMENT) && !isUtf8(this.#bytes.subarray(start, end))) return this.#refuse('BAD_FRAME');
    return { kind: 'line', text };
  }

  /** Does this chunk end the line that has begun? Until one does, its pieces are not joined: that would cost their square. */
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
    // A copy, unless it is most of what was read: a few bytes must not keep the whole read alive.
    this.#unfinished.push(rest.length * 2 < this.#bytes.length ? Buffer.from(rest) : rest);
    this.#unfinishedBytes += rest.length;
    this.#release();
    // One byte over the limit is still fine while it may be the \r of the terminator.
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
