import type { ErrorMessage, HistoryMessage, ReceiptMessage, RosterMember, RosterMessage } from '@rankd/protocol';
import { errorFromServer, type RankdError } from '../rankd-error.js';

/** A group's members at one moment, by rank (R-ASK-1). */
export interface Roster {
  readonly group: string;
  readonly epoch: number;
  readonly view: number;
  readonly size: number;
  readonly members: readonly RosterMember[];
}

/** The last changes of a group, newest first (R-ASK-1). */
export interface History {
  readonly group: string;
  readonly epoch: number;
  readonly changes: HistoryMessage['changes'];
}

interface PendingQuery<T> {
  readonly resolve: (answer: T) => void;
  readonly reject: (error: RankdError) => void;
}

/** Queries of one kind that wait for an answer. The server answers them in the order in which they were sent. */
class QueryQueue<T> {
  readonly #queries: PendingQuery<T>[] = [];

  async add(send: () => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queries.push({ resolve, reject });
      send();
    });
  }

  /** Returns false if no query waits. */
  resolveNext(answer: T): boolean {
    const asker = this.#queries.shift();
    asker?.resolve(answer);
    return asker !== undefined;
  }

  rejectNext(error: RankdError): boolean {
    const asker = this.#queries.shift();
    asker?.reject(error);
    return asker !== undefined;
  }

  rejectAll(error: RankdError): void {
    while (this.rejectNext(error));
  }
}

/** The queries of an observer that wait for an answer. Joins the chunks of rosters and histories. */
export class PendingQueries {
  readonly rosters = new QueryQueue<Roster>();
  readonly histories = new QueryQueue<History>();
  readonly #receipts = new Map<string, PendingQuery<ReceiptMessage>>();
  #members: RosterMember[] = [];
  #changes: HistoryMessage['changes'] = [];

  handleRoster({ group, epoch, view, size, members, more }: RosterMessage): void {
    this.#members.push(...members);
    if (more) return;
    const roster = { group, epoch, view, size, members: this.#members };
    this.#members = [];
    // The server also sends a roster after a view that does not fit a frame. No query waits for that one.
    this.rosters.resolveNext(roster);
  }

  handleHistory({ group, epoch, changes, more }: HistoryMessage): void {
    this.#changes.push(...changes);
    if (more) return;
    this.histories.resolveNext({ group, epoch, changes: this.#changes });
    this.#changes = [];
  }

  /** Resolves with the receipt for the message `id`, accepted or not. */
  async addReceipt(id: string, send: () => void): Promise<ReceiptMessage> {
    return new Promise((resolve, reject) => {
      this.#receipts.set(id, { resolve, reject });
      send();
    });
  }

  handleReceipt(receipt: ReceiptMessage): void {
    this.#receipts.get(receipt.id)?.resolve(receipt);
    this.#receipts.delete(receipt.id);
  }

  /** An error does not name its query. Only queries are refused by an error, and few are open. */
  handleError(message: ErrorMessage): void {
    const error = errorFromServer(message);
    if (!this.rosters.rejectNext(error)) this.histories.rejectNext(error);
  }

  /** Rejects every query: the session has ended. */
  rejectAll(error: RankdError): void {
    this.rosters.rejectAll(error);
    this.histories.rejectAll(error);
    for (const { reject } of this.#receipts.values()) reject(error);
    this.#receipts.clear();
  }
}
