/** The entries of this server that wait to be appended to one shard, and the order in which they are taken. */

import { type Entry, isFromClient, senderOfEntry, type ServerEntry } from '../../core/index.js';

/** An entry as JSON text in the format `version`. */
export interface EncodedEntry {
  readonly version: number;
  readonly text: string;
}

/** Entries that one record contains. They have one format. */
export interface TakenEntries {
  readonly version: number;
  readonly texts: readonly string[];
}

interface QueuedEntry extends EncodedEntry {
  /** The place of the entry in the order in which entries arrived. */
  readonly arrival: number;
}

/** The limits of one batch. An entry that is longer than `charsMax` is taken alone. */
export interface BatchLimits {
  readonly entriesMax: number;
  readonly charsMax: number;
}

/** Collects the entries of one batch. */
class Selection {
  readonly entries: QueuedEntry[] = [];
  readonly #limits: BatchLimits;
  #chars = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** Moves the first entry of the queue into the batch. Returns false if the batch has no room for it, or has another format. */
  takeFirst(queue: QueuedEntry[]): boolean {
    const [entry] = queue;
    if (entry === undefined || this.entries.length >= this.#limits.entriesMax) return false;
    const chars = this.#chars + entry.text.length;
    const [first] = this.entries;
    if (first !== undefined && (chars > this.#limits.charsMax || first.version !== entry.version)) return false;
    queue.shift();
    this.entries.push(entry);
    this.#chars = chars;
    return true;
  }
}

/**
 * Chooses the entries of the next batch. While all waiting entries fit into one batch, they keep the order of their arrival. Otherwise
 * these are chosen, in this order:
 * 1. entries about servers, such as heartbeats. So the heartbeats of a server do not wait for the entries of its clients.
 * 2. what the server proposes itself, such as departures and deadlines. Such an entry never overtakes an entry of its own sender.
 * 3. the entries of clients, one for each turn of a sender. The sender that has waited longest since its last turn comes first, then each
 *    sender without an earlier turn, then all senders in turn.
 * 4. the announcement that this server leaves the shard.
 */
export class EntryQueue {
  readonly #serverEntries: QueuedEntry[] = [];
  readonly #proposals: QueuedEntry[] = [];
  /** The entries of each sender that has not had a turn since its queue was empty. */
  readonly #newSenders = new Map<string, QueuedEntry[]>();
  /** The entries of each sender that has had its first turn, in the order of the turns. */
  readonly #senders = new Map<string, QueuedEntry[]>();
  readonly #leave: QueuedEntry[] = [];
  #arrivals = 0;
  #size = 0;

  /** Adds an entry. */
  add(entry: Entry | ServerEntry, encoded: EncodedEntry): void {
    this.#arrivals += 1;
    this.#size += 1;
    this.#queueOf(entry).push({ ...encoded, arrival: this.#arrivals });
  }

  /** Adds an entry that is taken before all others. */
  addFirst(encoded: EncodedEntry): void {
    this.#size += 1;
    this.#serverEntries.unshift({ ...encoded, arrival: 0 });
  }

  /** Removes the entries of the next batch. Returns undefined if there are none. */
  takeBatch(limits: BatchLimits): TakenEntries | undefined {
    const selection = new Selection(limits);
    for (const queue of [this.#serverEntries, this.#proposals]) while (selection.takeFirst(queue));
    this.#takeInTurns(selection);
    const entries = selection.entries.sort((a, b) => a.arrival - b.arrival);
    // The server appends nothing after it has left, so its leave is the last entry of its last batch.
    if (entries.length === this.#size - this.#leave.length) while (selection.takeFirst(this.#leave));
    this.#size -= entries.length;
    const [first] = entries;
    return first === undefined ? undefined : { version: first.version, texts: entries.map(({ text }) => text) };
  }

  /** Drops all entries. */
  clear(): void {
    for (const queue of [this.#serverEntries, this.#proposals, this.#leave]) queue.length = 0;
    this.#newSenders.clear();
    this.#senders.clear();
    this.#size = 0;
  }

  #queueOf(entry: Entry | ServerEntry): QueuedEntry[] {
    switch (entry.kind) {
      case 'server-left':
        return this.#leave;
      case 'server-up':
      case 'server-beat':
      case 'server-lost':
      case 'format-raised':
      case 'server-flow':
        return this.#serverEntries;
      default:
        return this.#queueOfSender(entry);
    }
  }

  #queueOfSender(entry: Entry): QueuedEntry[] {
    const sender = senderOfEntry(entry) ?? '';
    const waiting = this.#senders.get(sender) ?? this.#newSenders.get(sender);
    if (waiting !== undefined) return waiting;
    if (!isFromClient(entry)) return this.#proposals;
    const queue: QueuedEntry[] = [];
    this.#newSenders.set(sender, queue);
    return queue;
  }

  #takeInTurns(selection: Selection): void {
    const [waitedLongest] = this.#senders;
    if (waitedLongest !== undefined) this.#takeTurn(selection, this.#senders, waitedLongest);
    for (const each of this.#newSenders) if (!this.#takeTurn(selection, this.#newSenders, each)) return;
    // A sender whose turn ends is added behind the others, so this loop reaches it again.
    for (const each of this.#senders) if (!this.#takeTurn(selection, this.#senders, each)) return;
  }

  /** Takes one entry of a sender. Returns false if the batch has no room for it. */
  #takeTurn(
    selection: Selection,
    from: Map<string, QueuedEntry[]>,
    [sender, queue]: readonly [string, QueuedEntry[]],
  ): boolean {
    if (!selection.takeFirst(queue)) return false;
    from.delete(sender);
    if (queue.length > 0) this.#senders.set(sender, queue);
    return true;
  }
}
