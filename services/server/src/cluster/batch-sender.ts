/**
 * Sends the entries of this server to the stream of one shard, in numbered batches. A batch is the entries that one append writes
 * together.
 */

import type { Clock, Timer } from '../clock.js';
import type { Entry, ServerEntry, ServerId } from '../core/index.js';
import { type EncodedEntry, EntryQueue } from './flow/entry-queue.js';
import type { LogFormat } from './formats/log-format.js';
import { encodeBatch } from './record-format.js';
import type { AppendResult } from './stream-port.js';

/** The limits of one batch: its entries, and the characters of their text. A longer entry is sent alone. */
const BATCH_ENTRIES_MAX = 256;
const BATCH_CHARS_MAX = 262_144;
/** The delay between two attempts to append a batch. It begins with `first` and doubles up to `longest`. */
const RETRY_MS = { first: 20, longest: 500 };
/** A batch is appended again if it was acknowledged but not read back for this long. A failed primary of Redis may have lost it. */
const READ_BACK_MS = 2500;

/** The batch that was sent last, until it is acknowledged and read back. */
interface InFlight {
  readonly n: number;
  readonly body: string;
  acked: boolean;
  /** When it was sent first, by the monotonic clock. */
  readonly sentAtMs: number;
  read: boolean;
  retryMs: number;
  retry: Timer | undefined;
}

/** Receives what happens to the batches of a BatchSender. */
export interface BatchListener {
  /** The append of a batch was `ok`. */
  readonly onAcked: () => void;
}

/**
 * The functions and values that a BatchSender gets from its owner. `append` appends the JSON text of a batch to the stream. `formatFor`
 * returns the format in which an entry is written.
 */
export interface BatchSenderPorts {
  readonly clock: Clock;
  readonly append: (body: string) => Promise<AppendResult>;
  readonly formatFor: (entry: Entry | ServerEntry) => LogFormat;
  readonly listener: BatchListener;
}

/**
 * Sends the entries of this server to the stream of one shard. One batch is in flight at a time. The sender appends it again until it is
 * acknowledged and read back. Readers ignore a batch whose number they have applied, so a repetition changes nothing.
 */
export class BatchSender {
  readonly #server: ServerId;
  readonly #ports: BatchSenderPorts;
  readonly #waiting = new EntryQueue();
  #lastBatch: number;
  #inFlight: InFlight | undefined;
  /** How long the last batch took until it was read back. */
  #lastReadBackMs = 0;
  #state: 'unbegun' | 'idle' | 'scheduled' | 'closed' = 'unbegun';

  /** `lastBatch` is the number of the last batch that this server has sent to this shard, or 0. */
  constructor(server: ServerId, lastBatch: number, ports: BatchSenderPorts) {
    this.#server = server;
    this.#lastBatch = lastBatch;
    this.#ports = ports;
  }

  /** Sends `entry` first, then the queue. A second call has no effect. */
  start(entry: ServerEntry): void {
    if (this.#state !== 'unbegun') return;
    this.#state = 'idle';
    this.#waiting.addFirst(this.#encode(entry));
    this.#schedule();
  }

  /**
   * Adds an entry to the queue. Nothing is sent before start(). The queue has no limit of its own: the gateway limits the entries of its
   * sessions (`gateway/flow/unapplied-entries.ts`). The limits of members and open commands bound the entries that the server proposes
   * itself.
   */
  append(entry: Entry | ServerEntry): void {
    if (this.#state === 'closed') return;
    this.#waiting.add(entry, this.#encode(entry));
    this.#schedule();
  }

  /** The number of the last batch that was sent. */
  get lastBatch(): number {
    return this.#lastBatch;
  }

  /**
   * How long a batch takes until it is read back: the last one, or the one in flight if it takes longer. Most of that time this server
   * applies earlier records of the stream. The time until the acknowledgement would not show that this server is too busy to read.
   */
  get readBackMs(): number {
    const inFlight = this.#inFlight;
    if (inFlight === undefined || inFlight.read) return this.#lastReadBackMs;
    return Math.max(this.#lastReadBackMs, this.#ports.clock.monotonicMs() - inFlight.sentAtMs);
  }

  /** Whether batch `n` is in flight and not acknowledged. */
  isUnacked(n: number): boolean {
    return this.#inFlight?.n === n && !this.#inFlight.acked;
  }

  /** Records that batch `n` was read back from the stream. */
  recordReadBack(n: number): void {
    if (this.#inFlight?.n !== n) return;
    if (!this.#inFlight.read) this.#lastReadBackMs = this.#ports.clock.monotonicMs() - this.#inFlight.sentAtMs;
    this.#inFlight.read = true;
    this.#completeIfStable();
  }

  /** Drops the queue and stops sending. */
  close(): void {
    this.#state = 'closed';
    this.#waiting.clear();
    this.#inFlight?.retry?.cancel();
    this.#inFlight = undefined;
  }

  #encode(entry: Entry | ServerEntry): EncodedEntry {
    const { version, encodeEntry } = this.#ports.formatFor(entry);
    return { version, text: encodeEntry(entry) };
  }

  /** Sends at the end of this round of the event loop, so that one batch contains all entries of the round. */
  #schedule(): void {
    if (this.#state !== 'idle' || this.#inFlight !== undefined) return;
    this.#state = 'scheduled';
    this.#ports.clock.soon(() => {
      if (this.#state === 'closed') return;
      this.#state = 'idle';
      this.#sendNext();
    });
  }

  #sendNext(): void {
    if (this.#inFlight !== undefined) return;
    const taken = this.#waiting.takeBatch({ entriesMax: BATCH_ENTRIES_MAX, charsMax: BATCH_CHARS_MAX });
    if (taken === undefined) return;
    this.#lastBatch += 1;
    const n = this.#lastBatch;
    const body = encodeBatch(this.#server, n, taken.texts, taken.version);
    const sentAtMs = this.#ports.clock.monotonicMs();
    this.#inFlight = { n, body, acked: false, sentAtMs, read: false, retryMs: RETRY_MS.first, retry: undefined };
    void this.#sendBatch(this.#inFlight);
  }

  async #sendBatch(inFlight: InFlight): Promise<void> {
    inFlight.acked = false;
    const { kind } = await this.#ports.append(inFlight.body);
    if (this.#inFlight !== inFlight) return;
    if (kind === 'ok') {
      inFlight.acked = true;
      this.#ports.listener.onAcked();
      this.#completeIfStable();
      if (this.#inFlight === inFlight) this.#retryAfter(READ_BACK_MS, inFlight);
      return;
    }
    this.#retryAfter(inFlight.retryMs, inFlight);
    inFlight.retryMs = Math.min(2 * inFlight.retryMs, RETRY_MS.longest);
  }

  #retryAfter(delayMs: number, inFlight: InFlight): void {
    inFlight.retry = this.#ports.clock.after(delayMs, () => {
      if (this.#inFlight === inFlight) void this.#sendBatch(inFlight);
    });
  }

  #completeIfStable(): void {
    if (this.#inFlight?.read !== true || !this.#inFlight.acked) return;
    this.#inFlight.retry?.cancel();
    this.#inFlight = undefined;
    this.#sendNext();
  }
}
