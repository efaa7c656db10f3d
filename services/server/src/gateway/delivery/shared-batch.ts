/** Shared batches: encoded frames that many outboxes share. An outbox collects the bytes that one session must receive. */

import type { SessionId } from '../../core/index.js';
import { frameBytes } from '../frames/json-text.js';
import { type SharedBytes, sharedBytes } from '../session/unread-bytes.js';

/** A pending command for the ranks `from` to `to` (excluded). */
export interface Delivery {
  readonly from: number;
  readonly to: number;
  readonly frame: string;
  /** The session that is paused if a recipient is slow (R-FLOW-1). */
  readonly by: string | undefined;
}

/** A frame that is encoded once for several outboxes. */
export interface SharedFrame {
  readonly bytes: Buffer;
  readonly shared: SharedBytes;
}

/** Encodes a frame that several outboxes share. `by` is the session that sent it. */
export function sharedFrame(frame: string, by: SessionId | undefined): SharedFrame {
  const bytes = frameBytes(frame);
  return { bytes, shared: sharedBytes(bytes.length, new Map(by === undefined ? [] : [[by, bytes.length]])) };
}

/** The encoded commands for a range of ranks. They are encoded once, and the outboxes of all sessions in the range share the bytes. */
export class SharedBatch {
  readonly from: number;
  readonly to: number;
  readonly bytes: Buffer;
  readonly #deliveries: readonly Delivery[];
  readonly #chars: number;
  /** How many bytes come before each delivery. Computed only if a session has a frame of its own between the deliveries. */
  #offsets: number[] | undefined;
  #shared: SharedBytes | undefined;

  /** Encodes the deliveries that cover the ranks `from` to `to` (excluded). */
  constructor(deliveries: readonly Delivery[], from: number, to: number) {
    this.from = from;
    this.to = to;
    this.#deliveries = deliveries;
    let text = '';
    for (const delivery of deliveries) if (this.covers(delivery)) text += delivery.frame;
    this.#chars = text.length;
    this.bytes = frameBytes(text);
  }

  /** The count of the bytes of this batch, and of each sender's part. */
  get shared(): SharedBytes {
    this.#shared ??= sharedBytes(this.bytes.length, this.#bytesBySender());
    return this.#shared;
  }

  #bytesBySender(): ReadonlyMap<SessionId, number> {
    const bySender = new Map<SessionId, number>();
    for (const delivery of this.#deliveries) {
      const { by, frame } = delivery;
      if (by !== undefined && this.covers(delivery)) bySender.set(by, (bySender.get(by) ?? 0) + frame.length);
    }
    return bySender;
  }

  /** Returns the bytes of the deliveries with the numbers `start` to `end` (excluded). The numbers count all pending deliveries. */
  bytesBetween(start: number, end: number): Buffer {
    return this.bytes.subarray(this.#offsetOf(start), this.#offsetOf(end));
  }

  /** Returns the bytes of the deliveries from number `start` on. */
  bytesAfter(start: number): Buffer {
    return start === 0 ? this.bytes : this.bytes.subarray(this.#offsetOf(start));
  }

  /** Whether the delivery is for these ranks. */
  covers({ from, to }: Delivery): boolean {
    return from <= this.from && to >= this.to;
  }

  #offsetOf(index: number): number {
    this.#offsets ??= this.#measureOffsets();
    return this.#offsets[index] ?? this.bytes.length;
  }

  #measureOffsets(): number[] {
    const isAscii = this.#chars === this.bytes.length;
    const offsets: number[] = [];
    let offset = 0;
    for (const delivery of this.#deliveries) {
      offsets.push(offset);
      if (this.covers(delivery)) offset += isAscii ? delivery.frame.length : Buffer.byteLength(delivery.frame);
    }
    return offsets;
  }
}
