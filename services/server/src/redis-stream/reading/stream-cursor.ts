import type { RecordRef, StreamBreakReason, StreamListener, StreamRecord } from '../../cluster/stream-port.js';
import { mayFollow } from '../../cluster/stream-position.js';
import { parseStoredRecord, type RawRecord } from '../records.js';

/**
 * The read position in the stream of one shard. Delivers records to the listener and checks that each continues the one before it.
 */
export class StreamCursor {
  readonly log: string;
  readonly #listener: StreamListener;
  #lastRead: RecordRef;
  /** A record that was read before reading started and that the listener has not received. */
  #undelivered: StreamRecord | undefined;
  /** Whether the history check has passed on the current connection. Nothing is read before that. */
  isVerified = false;

  constructor(log: string, listener: StreamListener, lastRead: RecordRef, first?: StreamRecord) {
    this.log = log;
    this.#listener = listener;
    this.#lastRead = lastRead;
    this.#undelivered = first;
  }

  /** The last record read. */
  get lastRead(): RecordRef {
    return this.#lastRead;
  }

  /** Delivers the records that continue the stream without a gap. Returns false if one of them does not. */
  deliverRecords(raw: readonly RawRecord[]): boolean {
    const records: StreamRecord[] = [];
    for (const each of raw) {
      const record = parseStoredRecord(each);
      if (record?.previous !== this.#lastRead.mark || !mayFollow(record.position, this.#lastRead.position)) break;
      records.push({ position: record.position, body: record.body });
      this.#lastRead = { position: record.position, mark: record.mark };
    }
    if (records.length > 0) this.#notifyListener(listener => listener.onRecords(records));
    return records.length === raw.length;
  }

  /** Delivers the record that the cursor was created with, if there is one and it has not been delivered. */
  deliverFirstRecord(): void {
    const first = this.#undelivered;
    this.#undelivered = undefined;
    if (first !== undefined)
      this.#notifyListener(listener => listener.onRecords([{ position: first.position, body: first.body }]));
  }

  /** Tells the listener that the stream does not continue what was read. */
  reportBroken(why: StreamBreakReason): void {
    this.#notifyListener(listener => listener.onBroken(why));
  }

  /** An exception of the listener is rethrown in a microtask, so that the reader does not take it for a failed connection. */
  #notifyListener(notify: (listener: StreamListener) => void): void {
    try {
      notify(this.#listener);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
