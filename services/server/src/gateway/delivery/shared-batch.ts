/** Shared batches: encoded frames that many outboxes share. An outbox collects the bytes that one session must receive. */

import { frameBytes } from '../frames/json-text.js';

/** A pending command for the ranks `from` to `to` (excluded). */
export interface Delivery {
  readonly from: number;
  readonly to: number;
  readonly frame: string;
  /** The session that is paused if a recipient is slow (R-FLOW-1). */
  readonly by: string | undefined;
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
