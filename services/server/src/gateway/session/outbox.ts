/** The outbox of a session: the only writer to its connection. */

import type { SharedBatch, SharedFrame } from '../delivery/shared-batch.js';
import { frameBytes } from '../frames/json-text.js';
import type { Connection } from '../transport/connection.js';
import { HeldWrites } from './held-writes.js';
import { type SharedBytes, UnreadBytes } from './unread-bytes.js';
import { UnreadWrites } from './unread-writes.js';

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
/** Shared bytes of at least this length are written as they are. Shorter ones are copied, so that one write takes many frames. */
const UNCOPIED_BYTES_MIN = 16_384;

/** A frame for one session, or one that several outboxes share. */
export type QueuedFrame = string | SharedFrame;

/** A frame with a place among the pending deliveries. `place` is the number of pending deliveries that come before it. */
interface FrameBetween {
  readonly frame: QueuedFrame;
  readonly place: number;
}

/**
 * Collects the frames of one flush cycle and writes them together. They are frames for this session alone, and its share of batches:
 * bytes that many outboxes share. Measures the backlog: the bytes that wait for this session. FlowControl decides what follows from it.
 */
export class Outbox {
  readonly #writes: HeldWrites;
  readonly #limits: OutboxLimits;
  /** The queued bytes in the order in which the client must receive them. */
  #pieces: (string | Buffer)[] = [];
  /** Frames that have a place among deliveries whose batch is not encoded yet. */
  #framesBetween: FrameBetween[] = [];
  /** The shared bytes in the queue. */
  #shared: SharedBytes[] = [];
  readonly #unreadBytes: UnreadBytes;
  readonly #unreadWrites: UnreadWrites;
  /** An estimate: each character counts as one byte until it is written. */
  #pendingBytes = 0;
  #writtenBytes = 0;
  #readBytes = 0;
  #readAtMs = 0;

  /** `unreadBytes` counts what waits for all sessions. */
  constructor(
    connection: Connection,
    limits: OutboxLimits,
    traffic: Traffic,
    unreadBytes: UnreadBytes = new UnreadBytes(Number.POSITIVE_INFINITY),
  ) {
    this.#writes = new HeldWrites(connection, traffic);
    this.#limits = limits;
    this.#unreadBytes = unreadBytes;
    this.#unreadWrites = new UnreadWrites(unreadBytes);
  }

  /** Whether the client receives nothing at present (R-VIEW-3). */
  get isHeld(): boolean {
    return this.#writes.isHeld;
  }

  /** Writes everything that is queued, then holds all further frames until release(). They count as backlog. */
  hold(): void {
    this.addBatch();
    this.flush();
    this.#writes.hold();
  }

  /** Writes the held frames in their order. */
  release(): void {
    this.#writes.release();
    this.#countRead();
  }

  /** Drops the held frames, and all that are queued. Does nothing if no frames are held. */
  dropHeld(): void {
    if (!this.isHeld) return;
    this.#writes.drop();
    this.#pieces = [];
    this.#framesBetween = [];
    this.#shared = [];
    this.#pendingBytes = 0;
  }

  /** Writes a frame at once, ahead of all frames that are held. Permitted only for a frame that has no place in the order. */
  writeAhead(frame: string): void {
    const bytes = frameBytes(frame);
    this.#writtenBytes += bytes.length;
    this.#writes.writeAhead(bytes);
  }

  /** Whether the next flush has anything to write. */
  get hasPending(): boolean {
    return this.#pieces.length > 0;
  }

  /** The bytes that wait for this session: queued here, or not yet taken by the operating system. */
  get backlogBytes(): number {
    return this.#writes.backlogBytes + this.#pendingBytes;
  }

  /** The bytes that were queued for this session since it opened. */
  get queuedBytes(): number {
    return this.#writtenBytes + this.#pendingBytes;
  }

  /** The bytes of them that the operating system has taken. */
  get readBytes(): number {
    return this.#writtenBytes - this.#writes.backlogBytes;
  }

  /** Whether the frame fits under the backlog limit plus `reserveBytes`, and under the rest of the limit for all sessions. May flush. */
  hasRoomForFrame(frame: QueuedFrame, reserveBytes = 0): boolean {
    if (typeof frame !== 'string') return this.hasRoomForBatch(frame);
    const bytesMax = Math.min(this.#limits.backlogBytesMax + reserveBytes, this.#unreadBytes.left);
    return (
      this.#hasRoom(BYTES_PER_CHAR_MAX * frame.length, bytesMax) ||
      this.#hasRoomOnceFlushed(Buffer.byteLength(frame), bytesMax)
    );
  }

  /** Whether the shared bytes fit under this session's backlog limit. May flush. */
  hasRoomForBatch({ bytes }: { readonly bytes: Buffer }): boolean {
    const { backlogBytesMax } = this.#limits;
    return this.#hasRoom(bytes.length, backlogBytesMax) || this.#hasRoomOnceFlushed(bytes.length, backlogBytesMax);
  }

  #hasRoom(bytes: number, bytesMax: number): boolean {
    return this.backlogBytes + bytes <= bytesMax;
  }

  /**
   * Writes the frames of this cycle, then checks again. After the write, only the bytes count that the operating system has not taken. A
   * frame or a batch longer than the limit fits if nothing else waits.
   */
  #hasRoomOnceFlushed(bytes: number, bytesMax: number): boolean {
    this.flush();
    return this.#writes.backlogBytes === 0 || this.#writes.backlogBytes + bytes <= bytesMax;
  }

  /** Queues a frame after the first `place` pending deliveries. */
  addFrame(frame: QueuedFrame, place = 0): void {
    this.#pendingBytes += lengthOf(frame);
    if (place === 0 && this.#framesBetween.length === 0) this.#pushFrame(frame);
    else this.#framesBetween.push({ frame, place });
  }

  #pushFrame(frame: QueuedFrame): void {
    if (typeof frame === 'string') this.#pieces.push(frame);
    else {
      this.#pieces.push(frame.bytes);
      this.#shared.push(frame.shared);
    }
  }

  /** Queues the batch, if given, and inserts each frame of `#framesBetween` after its `place` deliveries. */
  addBatch(batch?: SharedBatch): void {
    if (batch !== undefined) {
      this.#pendingBytes += batch.bytes.length;
      this.#shared.push(batch.shared);
    }
    let from = 0;
    for (const { frame, place } of this.#framesBetween) {
      if (batch !== undefined && place > from) this.#pieces.push(batch.bytesBetween(from, place));
      from = place;
      this.#pushFrame(frame);
    }
    this.#framesBetween = [];
    if (batch !== undefined) this.#pieces.push(batch.bytesAfter(from));
  }

  /** Queues the batch and writes everything that is queued. */
  writeBatch(batch: SharedBatch): void {
    if (this.#pieces.length === 0 && this.#framesBetween.length === 0) this.#writeShared(batch);
    else {
      this.addBatch(batch);
      this.flush();
    }
  }

  /** Writes everything that is queued. */
  flush(): void {
    if (this.#pieces.length === 0) return;
    const pieces = this.#pieces;
    const shared = this.#shared;
    this.#pieces = [];
    this.#shared = [];
    this.#pendingBytes = this.#framesBetween.reduce((sum, { frame }) => sum + lengthOf(frame), 0);
    let copiedBytes = 0;
    for (const { bytes, isCopy } of joinPieces(pieces)) {
      if (isCopy) copiedBytes += bytes.length;
      this.#write(bytes);
    }
    this.#recordUnread(copiedBytes, shared);
  }

  #writeShared(batch: SharedBatch): void {
    this.#write(batch.bytes);
    if (this.#writes.backlogBytes > 0) this.#recordUnread(0, [batch.shared]);
  }

  #write(bytes: Buffer): void {
    this.#writtenBytes += bytes.length;
    this.#writes.write(bytes);
  }

  #recordUnread(ownBytes: number, shared: readonly SharedBytes[]): void {
    if (this.#writes.backlogBytes > 0) this.#unreadWrites.add(this.#writtenBytes, ownBytes, shared);
    this.#countRead();
  }

  /** Stops counting what the client has read. */
  #countRead(): void {
    this.#unreadWrites.removeRead(this.readBytes);
  }

  /** Stops counting everything. Called when the session has ended. */
  forgetUnread(): void {
    this.#unreadWrites.removeRead(Number.POSITIVE_INFINITY);
  }

  /** Must be called when a backlog begins, and when the client has read some of it. From now on the client has `stallMs` to read. `nowMs` is the time of the StallFreeClock. */
  startBacklog(nowMs: number): void {
    this.#readBytes = this.readBytes;
    this.#readAtMs = nowMs;
  }

  /**
   * Whether the client has read nothing of its backlog for `stallMs`. Must be called in every tick while there is a backlog. `nowMs` is the
   * time of the StallFreeClock. False while frames are held, because the client then cannot read them.
   */
  isStalled(nowMs: number): boolean {
    this.#countRead();
    if (this.readBytes !== this.#readBytes || this.isHeld || this.#writes.backlogBytes === 0) this.startBacklog(nowMs);
    return nowMs - this.#readAtMs >= this.#limits.stallMs;
  }
}

function lengthOf(frame: QueuedFrame): number {
  return typeof frame === 'string' ? frame.length : frame.bytes.length;
}

interface JoinedPieces {
  readonly bytes: Buffer;
  /** Whether the bytes are in memory for this session alone. */
  readonly isCopy: boolean;
}

/** Joins the pieces to as few buffers as possible, without a copy of long shared bytes. */
function joinPieces(pieces: readonly (string | Buffer)[]): JoinedPieces[] {
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) {
    return typeof first === 'string' ? [{ bytes: frameBytes(first), isCopy: true }] : [{ bytes: first, isCopy: false }];
  }
  const joined: JoinedPieces[] = [];
  let short: Buffer[] = [];
  let text = '';
  const endText = (): void => {
    if (text !== '') short.push(frameBytes(text));
    text = '';
  };
  const endShort = (): void => {
    endText();
    const [only] = short;
    if (only !== undefined) joined.push({ bytes: short.length === 1 ? only : Buffer.concat(short), isCopy: true });
    short = [];
  };
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece;
    else if (piece.length < UNCOPIED_BYTES_MIN) {
      endText();
      short.push(piece);
    } else {
      endShort();
      joined.push({ bytes: piece, isCopy: false });
    }
  }
  endShort();
  return joined;
}
