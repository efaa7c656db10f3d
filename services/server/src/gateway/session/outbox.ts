import type { SharedBatch } from '../delivery/shared-batch.js';
import type { Connection } from '../transport/connection.js';
import { frameBytes } from '../frames/json-text.js';

export interface OutboxLimits {
  /** A session that is further behind than this is put out (R-FLOW-1). */
  readonly backlogBytesMax: number;
  /** So is one that has taken nothing for this long. */
  readonly stallMs: number;
}

/** Bytes that went out, over all sessions. */
export interface Traffic {
  receivedBytes: number;
  sentBytes: number;
}

/** UTF-8 takes no more for a character of a string. */
const BYTES_PER_CHAR_MAX = 3;

/** A frame for one session alone, after so many of the deliveries under way. */
interface Aside {
  readonly frame: string;
  readonly place: number;
}

/**
 * The only writer to a connection. Collects what one turn brings and writes it at once: frames for this session alone, and
 * among them its share of what many are sent, whose bytes are the same in each outbox.
 */
export class Outbox {
  readonly #connection: Connection;
  readonly #limits: OutboxLimits;
  readonly #traffic: Traffic;
  /** In the order in which they are to be read. */
  #pieces: (string | Buffer)[] = [];
  /** What stands between deliveries that it has yet to get. */
  #asides: Aside[] = [];
  /** About: each character counts as one, until it is written. */
  #collectedBytes = 0;
  #writtenBytes = 0;
  #takenBytes = 0;
  #takenAtMs = 0;

  constructor(connection: Connection, limits: OutboxLimits, traffic: Traffic) {
    this.#connection = connection;
    this.#limits = limits;
    this.#traffic = traffic;
  }

  /** Is there anything for the next flush? */
  get isCollecting(): boolean {
    return this.#pieces.length > 0;
  }

  get backlogBytes(): number {
    return this.#connection.backlogBytes + this.#collectedBytes;
  }

  /** May it be given this too? */
  hasRoomFor(frame: string): boolean {
    return this.#hasRoom(BYTES_PER_CHAR_MAX * frame.length) || this.#hasRoomOnceFlushed(Buffer.byteLength(frame));
  }

  /** May it be given its share? */
  hasRoomForShare({ bytes }: SharedBatch): boolean {
    return this.#hasRoom(bytes.length) || this.#hasRoomOnceFlushed(bytes.length);
  }

  #hasRoom(bytes: number): boolean {
    return this.backlogBytes + bytes <= this.#limits.backlogBytesMax;
  }

  /**
   * What has been collected this turn says nothing of the peer before the operating system had a chance to take it; nor does
   * the length of a single piece.
   */
  #hasRoomOnceFlushed(bytes: number): boolean {
    this.flush();
    return this.#connection.backlogBytes === 0 || this.#connection.backlogBytes + bytes <= this.#limits.backlogBytesMax;
  }

  /** A frame for this session alone, after the first `place` deliveries under way. */
  push(frame: string, place = 0): void {
    this.#collectedBytes += frame.length;
    if (place === 0 && this.#asides.length === 0) this.#pieces.push(frame);
    else this.#asides.push({ frame, place });
  }

  /** Its share of the deliveries under way, if it has one, with what stands between them. */
  settle(share?: SharedBatch): void {
    if (share !== undefined) this.#collectedBytes += share.bytes.length;
    let from = 0;
    for (const { frame, place } of this.#asides) {
      if (share !== undefined && place > from) this.#pieces.push(share.between(from, place));
      from = place;
      this.#pieces.push(frame);
    }
    this.#asides = [];
    if (share !== undefined) this.#pieces.push(share.after(from));
  }

  /** The same, and all goes out. */
  send(share: SharedBatch): void {
    if (this.#pieces.length === 0 && this.#asides.length === 0) this.#write(share.bytes);
    else {
      this.settle(share);
      this.flush();
    }
  }

  flush(): void {
    if (this.#pieces.length === 0) return;
    const bytes = joined(this.#pieces);
    this.#pieces = [];
    this.#collectedBytes = this.#asides.reduce((sum, { frame }) => sum + frame.length, 0);
    this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    this.#writtenBytes += bytes.length;
    this.#traffic.sentBytes += bytes.length;
    this.#connection.write(bytes);
  }

  /** Asked every tick while bytes wait: has the peer taken none of them for too long? */
  isStalled(nowMs: number): boolean {
    const takenBytes = this.#writtenBytes - this.#connection.backlogBytes;
    if (takenBytes !== this.#takenBytes || this.#connection.backlogBytes === 0) {
      this.#takenBytes = takenBytes;
      this.#takenAtMs = nowMs;
    }
    return nowMs - this.#takenAtMs >= this.#limits.stallMs;
  }
}

function joined(pieces: readonly (string | Buffer)[]): Buffer {
  const [first] = pieces;
  if (pieces.length === 1 && typeof first !== 'string' && first !== undefined) return first;
  const buffers: Buffer[] = [];
  let text = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece;
    else {
      if (text !== '') buffers.push(frameBytes(text));
      text = '';
      buffers.push(piece);
    }
  }
  if (text !== '') buffers.push(frameBytes(text));
  return buffers.length === 1 && buffers[0] !== undefined ? buffers[0] : Buffer.concat(buffers);
}
