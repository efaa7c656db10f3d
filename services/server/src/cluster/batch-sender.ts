import type { Clock, Timer } from '../clock.js';
import type { Entry, ServerEntry, ServerId } from '../core/index.js';
import { encodeBatch } from './record-format.js';
import type { AppendResult } from './stream-port.js';

/** Entries of one batch, and how long their text may be; what is longer by itself goes alone. */
const BATCH_ENTRIES_MAX = 256;
const BATCH_CHARS_MAX = 262_144;
/** Entries that wait to be sent: past it, this server is in no state to take more. */
export const ENTRIES_WAITING_MAX = 65_536;
/** Between attempts to send a batch again of which nobody knows whether it stands. */
const RETRY_MS = { first: 20, longest: 500 };
/** What was acknowledged and has not been read back for so long may have been lost with the primary that took it. */
const UNREAD_MS = 2500;

interface InFlight {
  readonly n: number;
  readonly body: string;
  acked: boolean;
  read: boolean;
  retryMs: number;
  retry: Timer | undefined;
}

export interface BatchSenderPorts {
  readonly clock: Clock;
  readonly append: (body: string) => Promise<AppendResult>;
  /** A batch is known to stand where it will stay. */
  readonly acked: () => void;
  /** More waits than may. */
  readonly overfull: () => void;
}

/**
 * What this server puts into the shared order: one batch at a time, each with the next number, again and again until it is
 * read back. What comes twice has no effect the second time.
 */
export class BatchSender {
  readonly #server: ServerId;
  readonly #ports: BatchSenderPorts;
  /** Entries as they will be written. */
  #waiting: string[] = [];
  #lastBatch: number;
  #inFlight: InFlight | undefined;
  #state: 'unbegun' | 'idle' | 'scheduled' | 'closed' = 'unbegun';

  /** `lastBatch`: the number of the last one that it has sent into this order, 0 for none. */
  constructor(server: ServerId, lastBatch: number, ports: BatchSenderPorts) {
    this.#server = server;
    this.#lastBatch = lastBatch;
    this.#ports = ports;
  }

  /** Sends this ahead of all that waits, and from here on what comes. */
  start(entry: ServerEntry): void {
    if (this.#state !== 'unbegun') return;
    this.#state = 'idle';
    this.#waiting.unshift(JSON.stringify(entry));
    this.#schedule();
  }

  /** Not sent before begin(). */
  append(entry: Entry | ServerEntry): void {
    if (this.#state === 'closed') return;
    this.#waiting.push(JSON.stringify(entry));
    if (this.#waiting.length > ENTRIES_WAITING_MAX) this.#ports.overfull();
    else this.#schedule();
  }

  get lastBatch(): number {
    return this.#lastBatch;
  }

  /** Does what this batch brings have to wait until it is known to stay? */
  isUnacked(n: number): boolean {
    return this.#inFlight?.n === n && !this.#inFlight.acked;
  }

  /** It stands in the order. */
  recordReadBack(n: number): void {
    if (this.#inFlight?.n !== n) return;
    this.#inFlight.read = true;
    this.#completeIfStable();
  }

  close(): void {
    this.#state = 'closed';
    this.#waiting = [];
    this.#inFlight?.retry?.cancel();
    this.#inFlight = undefined;
  }

  /** Everything of one turn goes together. */
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
      this.#ports.acked();
      this.#completeIfStable();
      if (this.#inFlight === inFlight) this.#retryAfter(UNREAD_MS, inFlight);
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
