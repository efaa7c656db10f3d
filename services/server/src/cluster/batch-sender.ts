/** Sends the entries of this server to the stream of one shard. */

import type { Clock, Timer } from '../clock.js';
import type { Entry, ServerEntry, ServerId } from '../core/index.js';
import { encodeBatch } from './record-format.js';
import type { AppendResult } from './stream-port.js';

/** The limits of one batch: its entries, and the characters of their text. An entry with more characters is sent alone. */
const BATCH_ENTRIES_MAX = 256;
const BATCH_CHARS_MAX = 262_144;
/** The limit of entries in the queue. This incarnation of the server ends if the queue has more. */
export const ENTRIES_WAITING_MAX = 65_536;
/** The delay between two attempts to append a batch. It starts at `first` and doubles up to `longest`. */
const RETRY_MS = { first: 20, longest: 500 };
/** A batch is sent again if it is acknowledged but not read back for this long. A failed primary may have lost it. */
const READ_BACK_MS = 2500;

/** The batch in flight. */
interface InFlight {
  readonly n: number;
  readonly body: string;
  acked: boolean;
  read: boolean;
  retryMs: number;
  retry: Timer | undefined;
}

/** Receives what happens to the batches of a BatchSender. */
export interface BatchListener {
  /** The append of a batch is `ok`. */
  readonly onAcked: () => void;
  /** The queue has more than ENTRIES_WAITING_MAX entries. */
  readonly onOverfull: () => void;
}

/** What a BatchSender needs from its owner. */
export interface BatchSenderPorts {
  readonly clock: Clock;
  readonly append: (body: string) => Promise<AppendResult>;
  readonly listener: BatchListener;
}

/**
 * Sends the entries of this server to the stream of one shard, in numbered batches. One batch is in flight at a time. The sender
 * appends the batch again until it is acknowledged and read back. Readers ignore the number of a batch that they have applied.
 */
export class BatchSender {
  readonly #server: ServerId;
  readonly #ports: BatchSenderPorts;
  /** The queue of entries, as JSON text. */
  #waiting: string[] = [];
  #lastBatch: number;
  #inFlight: InFlight | undefined;
  #state: 'unbegun' | 'idle' | 'scheduled' | 'closed' = 'unbegun';

  /** @param lastBatch the number of the last batch that this server has sent to this shard; 0 if it has sent none */
  constructor(server: ServerId, lastBatch: number, ports: BatchSenderPorts) {
    this.#server = server;
    this.#lastBatch = lastBatch;
    this.#ports = ports;
  }

  /** Sends `entry`, then the queue. A second call does nothing. */
  start(entry: ServerEntry): void {
    if (this.#state !== 'unbegun') return;
    this.#state = 'idle';
    this.#waiting.unshift(JSON.stringify(entry));
    this.#schedule();
  }

  /** Adds an entry to the queue. The queue is sent after start(). */
  append(entry: Entry | ServerEntry): void {
    if (this.#state === 'closed') return;
    this.#waiting.push(JSON.stringify(entry));
    if (this.#waiting.length > ENTRIES_WAITING_MAX) this.#ports.listener.onOverfull();
    else this.#schedule();
  }

  /** The number of the last batch that was sent. */
  get lastBatch(): number {
    return this.#lastBatch;
  }

  /** Whether batch `n` is in flight without an acknowledgement. */
  isUnacked(n: number): boolean {
    return this.#inFlight?.n === n && !this.#inFlight.acked;
  }

  /** Records that batch `n` was read back from the stream. */
  recordReadBack(n: number): void {
    if (this.#inFlight?.n !== n) return;
    this.#inFlight.read = true;
    this.#completeIfStable();
  }

  /** Drops the queue and stops sending. */
  close(): void {
    this.#state = 'closed';
    this.#waiting = [];
    this.#inFlight?.retry?.cancel();
    this.#inFlight = undefined;
  }

  /** Sends after this turn of the event loop, because one batch holds all entries of the turn. */
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
    if (this.#waiting.length === 0 || this.#inFlight !== undefined) return;
    let chars = 0;
    const count = this.#waiting.findIndex((entry, index) => {
      chars += entry.length;
      return index === BATCH_ENTRIES_MAX || (index > 0 && chars > BATCH_CHARS_MAX);
    });
    const entries = this.#waiting.splice(0, count === -1 ? this.#waiting.length : count);
    this.#lastBatch += 1;
    const n = this.#lastBatch;
    const body = encodeBatch(this.#server, n, entries);
    this.#inFlight = { n, body, acked: false, read: false, retryMs: RETRY_MS.first, retry: undefined };
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
