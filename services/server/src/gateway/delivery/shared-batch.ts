import { frameBytes } from '../frames/json-text.js';

/** A command under way to every session of a range of ranks: `from` up to, not including, `to`. */
export interface Delivery {
  readonly from: number;
  readonly to: number;
  readonly frame: string;
  /** The session that is paused if a recipient is slow (R-FLOW-1). */
  readonly by: string | undefined;
}

/** The encoded commands for a range of ranks, made once and shared by the outboxes of all its sessions. */
export class SharedBatch {
  readonly from: number;
  readonly to: number;
  readonly bytes: Buffer;
  readonly #deliveries: readonly Delivery[];
  readonly #chars: number;
  /** How many bytes come before each delivery; made if a session has a frame of its own in between. */
  #offsets: number[] | undefined;

  /** Encodes those of the deliveries under way that cover the ranks `from` up to, not including, `to`. */
  constructor(deliveries: readonly Delivery[], from: number, to: number) {
    this.from = from;
    this.to = to;
    this.#deliveries = deliveries;
    let text = '';
    for (const delivery of deliveries) if (this.covers(delivery)) text += delivery.frame;
    this.#chars = text.length;
    this.bytes = frameBytes(text);
  }

  /**
   * Returns the bytes of the deliveries from number `start` up to, not including, number `end`. The numbers count all deliveries that
   * are under way.
   */
  bytesBetween(start: number, end: number): Buffer {
    return this.bytes.subarray(this.#offsetOf(start), this.#offsetOf(end));
  }

  /** Returns the bytes of the deliveries from number `start` on. */
  bytesAfter(start: number): Buffer {
    return start === 0 ? this.bytes : this.bytes.subarray(this.#offsetOf(start));
  }

  /** Whether the delivery goes to these ranks. */
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
