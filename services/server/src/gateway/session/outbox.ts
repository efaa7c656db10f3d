import type { SharedBatch } from '../delivery/shared-batch.js';
import { frameBytes } from '../frames/json-text.js';
import type { Connection } from '../transport/connection.js';

export interface OutboxLimits {
  /** A session may not be further behind than this (R-FLOW-1). */
  readonly backlogBytesMax: number;
  /** After this long without reading anything, a peer is stalled. */
  readonly stallMs: number;
}

/** Bytes received and sent, over all sessions. */
export interface Traffic {
  receivedBytes: number;
  sentBytes: number;
}

/** UTF-8 takes no more for a character of a string. */
const BYTES_PER_CHAR_MAX = 3;

/** A frame for this session alone. `place` is the number of shared deliveries that come before it. */
interface FrameBetween {
  readonly frame: string;
  readonly place: number;
}

/**
 * The only writer to a connection. Collects the frames of one flush cycle and writes them at once: frames for this session
 * alone, and among them its share of batches, whose bytes are the same in each outbox. Measures how far the peer is behind;
 * FlowControl decides what follows.
 */
export class Outbox {
  readonly #connection: Connection;
  readonly #limits: OutboxLimits;
  readonly #traffic: Traffic;
  /** In the order in which the peer is to read them. */
  #pieces: (string | Buffer)[] = [];
  /** Frames whose place among the deliveries under way is kept until the batch comes. */
  #framesBetween: FrameBetween[] = [];
  /** About: each character counts as one, until it is written. */
  #pendingBytes = 0;
  #writtenBytes = 0;
  #readBytes = 0;
  #readAtMs = 0;

  constructor(connection: Connection, limits: OutboxLimits, traffic: Traffic) {
    this.#connection = connection;
    this.#limits = limits;
    this.#traffic = traffic;
  }

  /** Whether the next flush has anything to write. */
  get hasPending(): boolean {
    return this.#pieces.length > 0;
  }

  get backlogBytes(): number {
    return this.#connection.backlogBytes + this.#pendingBytes;
  }

  /** Whether the frame fits under the backlog limit. */
  hasRoomForFrame(frame: string): boolean {
    return this.#hasRoom(BYTES_PER_CHAR_MAX * frame.length) || this.#hasRoomOnceFlushed(Buffer.byteLength(frame));
  }

  /** Whether the session's share of the batch fits under the backlog limit. */
  hasRoomForBatch({ bytes }: SharedBatch): boolean {
    return this.#hasRoom(bytes.length) || this.#hasRoomOnceFlushed(bytes.length);
  }

  #hasRoom(bytes: number): boolean {
    return this.backlogBytes + bytes <= this.#limits.backlogBytesMax;
  }

  /**
   * Writes what this cycle has collected, and then checks the room again: only what the operating system does not take counts as
   * the peer's backlog. One piece longer than the limit has room if nothing else waits.
   */
  #hasRoomOnceFlushed(bytes: number): boolean {
    this.flush();
    return this.#connection.backlogBytes === 0 || this.#connection.backlogBytes + bytes <= this.#limits.backlogBytesMax;
  }

  /** Adds a frame for this session alone, behind the first `place` deliveries under way. */
  addFrame(frame: string, place = 0): void {
    this.#pendingBytes += frame.length;
    if (place === 0 && this.#framesBetween.length === 0) this.#pieces.push(frame);
    else this.#framesBetween.push({ frame, place });
  }

  /** Adds its share of the deliveries under way, if it has one, with the frames between them. */
  addBatch(batch?: SharedBatch): void {
    if (batch !== undefined) this.#pendingBytes += batch.bytes.length;
    let from = 0;
    for (const { frame, place } of this.#framesBetween) {
      if (batch !== undefined && place > from) this.#pieces.push(batch.bytesBetween(from, place));
      from = place;
      this.#pieces.push(frame);
    }
    this.#framesBetween = [];
    if (batch !== undefined) this.#pieces.push(batch.bytesAfter(from));
  }

  /** Adds its share and writes everything. */
  writeBatch(batch: SharedBatch): void {
    if (this.#pieces.length === 0 && this.#framesBetween.length === 0) this.#write(batch.bytes);
    else {
      this.addBatch(batch);
      this.flush();
    }
  }

  flush(): void {
    if (this.#pieces.length === 0) return;
    const bytes = joinPieces(this.#pieces);
    this.#pieces = [];
    this.#pendingBytes = this.#framesBetween.reduce((sum, { frame }) => sum + frame.length, 0);
    this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    this.#writtenBytes += bytes.length;
    this.#traffic.sentBytes += bytes.length;
    this.#connection.write(bytes);
  }

  /** Called every tick while bytes wait: whether the peer has read none of them for `stallMs`. */
  isStalled(nowMs: number): boolean {
    const readBytes = this.#writtenBytes - this.#connection.backlogBytes;
    if (readBytes !== this.#readBytes || this.#connection.backlogBytes === 0) {
      this.#readBytes = readBytes;
      this.#readAtMs = nowMs;
    }
    return nowMs - this.#readAtMs >= this.#limits.stallMs;
  }
}

function joinPieces(pieces: readonly (string | Buffer)[]): Buffer {
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
