/** The outbox of a session: the only writer to its connection. */

import type { SharedBatch } from '../delivery/shared-batch.js';
import { frameBytes } from '../frames/json-text.js';
import type { Connection } from '../transport/connection.js';

/** The limits of a session that reads slowly (R-FLOW-1). */
export interface OutboxLimits {
  /** A session with more bytes than this in its backlog ends with SLOW_CONSUMER. */
  readonly backlogBytesMax: number;
  /** A session that has read nothing of its backlog for this long is stalled. */
  readonly stallMs: number;
}

/** Bytes received and sent over all sessions. */
export interface Traffic {
  receivedBytes: number;
  sentBytes: number;
}

/** UTF-8 needs at most three bytes for a UTF-16 code unit. */
const BYTES_PER_CHAR_MAX = 3;

/** A frame for this session alone. `place` is the number of pending deliveries that come before it. */
interface FrameBetween {
  readonly frame: string;
  readonly place: number;
}

/**
 * Collects the frames of one flush cycle and writes them together. They are frames for this session alone, and its share of batches:
 * bytes that many outboxes share. Measures the backlog: the bytes that wait for this session. FlowControl decides what follows from it.
 */
export class Outbox {
  readonly #connection: Connection;
  readonly #limits: OutboxLimits;
  readonly #traffic: Traffic;
  /** The queued bytes in the order in which the client must receive them. */
  #pieces: (string | Buffer)[] = [];
  /** Frames that have a place among deliveries whose batch is not encoded yet. */
  #framesBetween: FrameBetween[] = [];
  /** An estimate: each character counts as one byte until it is written. */
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

  /** The bytes that wait for this session: queued here, or not yet taken by the operating system. */
  get backlogBytes(): number {
    return this.#connection.backlogBytes + this.#pendingBytes;
  }

  /** Whether the frame fits under the backlog limit, which it may exceed by `reserveBytes`. May flush. */
  hasRoomForFrame(frame: string, reserveBytes = 0): boolean {
    return (
      this.#hasRoom(BYTES_PER_CHAR_MAX * frame.length - reserveBytes) ||
      this.#hasRoomOnceFlushed(Buffer.byteLength(frame) - reserveBytes)
    );
  }

  /** Whether the batch fits under this session's backlog limit. May flush. */
  hasRoomForBatch({ bytes }: SharedBatch): boolean {
    return this.#hasRoom(bytes.length) || this.#hasRoomOnceFlushed(bytes.length);
  }

  #hasRoom(bytes: number): boolean {
    return this.backlogBytes + bytes <= this.#limits.backlogBytesMax;
  }

  /**
   * Writes the frames of this cycle, then checks again. After the write, only the bytes count that the operating system has not taken. A
   * frame or a batch longer than the limit fits if nothing else waits.
   */
  #hasRoomOnceFlushed(bytes: number): boolean {
    this.flush();
    return this.#connection.backlogBytes === 0 || this.#connection.backlogBytes + bytes <= this.#limits.backlogBytesMax;
  }

  /** Queues a frame for this session alone, after the first `place` pending deliveries. */
  addFrame(frame: string, place = 0): void {
    this.#pendingBytes += frame.length;
    if (place === 0 && this.#framesBetween.length === 0) this.#pieces.push(frame);
    else this.#framesBetween.push({ frame, place });
  }

  /** Queues the frames that have a place among the deliveries of a batch, and the batch itself if there is one. */
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

  /** Queues the batch and writes everything that is queued. */
  writeBatch(batch: SharedBatch): void {
    if (this.#pieces.length === 0 && this.#framesBetween.length === 0) this.#write(batch.bytes);
    else {
      this.addBatch(batch);
      this.flush();
    }
  }

  /** Writes everything that is queued. */
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

  /**
   * Whether the client has read nothing of its backlog for `stallMs`. Must be called in every tick while there is a backlog. `nowMs` is
   * the time of the StallFreeClock.
   */
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
