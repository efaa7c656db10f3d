import type { RecordRef, StreamBreakReason, StreamListener, StreamRecord } from '../../cluster/stream-port.js';
import { mayFollow } from '../../cluster/stream-position.js';
import { parseStoredRecord, type RawRecord } from '../records.js';

/**
 * The read position in the stream of one shard. Delivers records to the listener, and checks that each one directly follows the one before
 * it.
 */
export class StreamCursor {
  readonly log: string;
  readonly #listener: StreamListener;
  #lastRead: RecordRef;
  /** A record that was read when the stream was opened, and that the listener has not received yet. */
  #undelivered: StreamRecord | undefined;
  /** The id of the last record that did not continue the stream. */
  #refused: string | undefined;
  /** Whether the history check has passed on the present connection. No records are read before that. */
  isVerified = false;

  /**
   * `log` is the key of the stream, `lastRead` the last record read. `first` is a record that the listener must receive before the
   * others.
   */
  constructor(log: string, listener: StreamListener, lastRead: RecordRef, first?: StreamRecord) {
    this.log = log;
    this.#listener = listener;
    this.#lastRead = lastRead;
    this.#undelivered = first;
  }

  /** The last record that was read. */
  get lastRead(): RecordRef {
    return this.#lastRead;
  }

  /** Whether the listener wants no further records for the moment. */
  get isCongested(): boolean {
    return this.#listener.isCongested?.() === true;
  }

  /** Delivers the records that continue the stream without a gap. Returns false if a record does not. */
  deliverRecords(raw: readonly RawRecord[]): boolean {
    const records: StreamRecord[] = [];
    for (const each of raw) {
      const record = parseStoredRecord(each);
      if (record?.previous !== this.#lastRead.mark || !mayFollow(record.position, this.#lastRead.position)) {
        this.#refused = each[0];
        break;
      }
      records.push({ position: record.position, body: record.body });
      this.#lastRead = { position: record.position, mark: record.mark };
    }
    if (records.length > 0) this.#notifyListener(listener => listener.onRecords(records));
    return records.length === raw.length;
  }

  /** Delivers the first record, if it has not been delivered. */
  deliverFirstRecord(): void {
    const first = this.#undelivered;
    this.#undelivered = undefined;
    if (first !== undefined)
      this.#notifyListener(listener => listener.onRecords([{ position: first.position, body: first.body }]));
  }

  /** Reports to the listener that the stream does not continue the records that were read. */
  reportBroken(why: StreamBreakReason): void {
    this.#notifyListener(listener => listener.onBroken(why, this.#refused));
  }

  /** Rethrows an exception of the listener in a microtask, because the reader would treat it as a failed connection. */
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
