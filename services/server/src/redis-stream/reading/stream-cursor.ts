import type { RecordRef, StreamBreakReason, StreamListener, StreamRecord } from '../../cluster/stream-port.js';
import { isNext } from '../../cluster/stream-position.js';
import { type RawRecord, storedRecordOf } from '../records.js';

/** One shard's way through its stream: up to where it was read, and that each record follows the one before it. */
export class StreamCursor {
  readonly log: string;
  readonly #listener: StreamListener;
  #last: RecordRef;
  /** Has been read already, but not been told. */
  #first: StreamRecord | undefined;
  /** Whether this connection has been seen to hold what was read. */
  isSure = false;

  constructor(log: string, listener: StreamListener, last: RecordRef, first?: StreamRecord) {
    this.log = log;
    this.#listener = listener;
    this.#last = last;
    this.#first = first;
  }

  /** The last record read. */
  get last(): RecordRef {
    return this.#last;
  }

  /** Tells what follows, as far as it does; false where one does not. */
  addRecords(raw: readonly RawRecord[]): boolean {
    const records: StreamRecord[] = [];
    for (const each of raw) {
      const record = storedRecordOf(each);
      if (record?.previous !== this.#last.mark || !isNext(record.place, this.#last.place)) break;
      records.push({ place: record.place, body: record.body });
      this.#last = { place: record.place, mark: record.mark };
    }
    if (records.length > 0) this.#notifyListener(listener => listener.records(records));
    return records.length === raw.length;
  }

  /** Tells the record that it began with, where that has not been told. */
  start(): void {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined)
      this.#notifyListener(listener => listener.records([{ place: first.place, body: first.body }]));
  }

  breakOff(why: StreamBreakReason): void {
    this.#notifyListener(listener => listener.broken(why));
  }

  /** What the owner throws is no failure of the connection: it must not pass for one. */
  #notifyListener(tell: (listener: StreamListener) => void): void {
    try {
      tell(this.#listener);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
