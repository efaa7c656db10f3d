/** The queries of an observer that have no answer yet. */

import type {
  ErrorMessage,
  HistoryMessage,
  ReceiptMessage,
  RosterMember,
  RosterMessage,
  ServerPongMessage,
} from '@rankd/protocol';
import { errorFromServer, RankdError } from '../rankd-error.js';

/** The members of a group at one moment, by rank: each a `RosterMember` (R-ASK-1). */
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

/** Queries of one kind that have no answer yet. The server answers them in the order in which they were sent. */
class QueryQueue<T> {
  readonly #queries: PendingQuery<T>[] = [];

  /** Sends a query and resolves with its answer. */
  async add(send: () => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queries.push({ resolve, reject });
      send();
    });
  }

  /** Answers the oldest query. Returns false if there is none. */
  resolveNext(answer: T): boolean {
    const asker = this.#queries.shift();
    asker?.resolve(answer);
    return asker !== undefined;
  }

  /** Rejects the oldest query. Returns false if there is none. */
  rejectNext(error: RankdError): boolean {
    const asker = this.#queries.shift();
    asker?.reject(error);
    return asker !== undefined;
  }

  /** Rejects every query. */
  rejectAll(error: RankdError): void {
    while (this.rejectNext(error));
  }
}

/** The queries of an observer that have no answer yet. Joins the frames of an answer that does not fit into one frame. */
export class PendingQueries {
  readonly rosters = new QueryQueue<Roster>();
  readonly histories = new QueryQueue<History>();
  readonly #receipts = new Map<string, PendingQuery<ReceiptMessage>>();
  readonly #pings = new Map<number, PendingQuery<void>>();
  #members: RosterMember[] = [];
  #changes: HistoryMessage['changes'] = [];

  /** Records a frame of a roster. */
  handleRoster({ group, epoch, view, size, members, more }: RosterMessage): void {
    this.#members.push(...members);
    if (more) return;
    const roster = { group, epoch, view, size, members: this.#members };
    this.#members = [];
    // The server also sends a roster after a view that does not fit into a frame. There may be no query then.
    this.rosters.resolveNext(roster);
  }

  /** Records a frame of a history. */
  handleHistory({ group, epoch, changes, more }: HistoryMessage): void {
    this.#changes.push(...changes);
    if (more) return;
    this.histories.resolveNext({ group, epoch, changes: this.#changes });
    this.#changes = [];
  }

  /** Sends the message `id` and resolves with its receipt, whether the server accepted the message or not. */
  async addReceipt(id: string, send: () => void): Promise<ReceiptMessage> {
    return new Promise((resolve, reject) => {
      this.#receipts.set(id, { resolve, reject });
      send();
    });
  }

  /** Answers the message that this receipt belongs to. */
  handleReceipt(receipt: ReceiptMessage): void {
    this.#receipts.get(receipt.id)?.resolve(receipt);
    this.#receipts.delete(receipt.id);
  }

  /** Sends the ping `n` and resolves when its pong has arrived. */
  async addPing(n: number, send: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pings.set(n, { resolve, reject });
      send();
    });
  }

  /** Answers the ping that this pong belongs to. */
  handlePong({ n }: ServerPongMessage): void {
    if (n === undefined) return;
    this.#pings.get(n)?.resolve();
    this.#pings.delete(n);
  }

  /** Rejects the oldest query. An error has no id, but the server answers only queries and pings with an error. */
  handleError(message: ErrorMessage): void {
    const error = errorFromServer(message);
    if (!this.rosters.rejectNext(error) && !this.histories.rejectNext(error)) this.#rejectPing(error);
  }

  #rejectPing(error: RankdError): void {
    const [oldest] = this.#pings;
    if (oldest === undefined) return;
    const [n, ping] = oldest;
    this.#pings.delete(n);
    ping.reject(error);
  }

  /**
   * Called when the session has ended with `error`. Rejects every query with it. The server may have acted on a message that has no receipt
   * yet, so that message rejects with OUTCOME_UNKNOWN.
   */
  rejectAll(error: RankdError): void {
    this.rosters.rejectAll(error);
    this.histories.rejectAll(error);
    while (this.#pings.size > 0) this.#rejectPing(error);
    const message = `the session ended (${error.code}) before the server confirmed the change: the server may have made it`;
    const unknown = new RankdError('OUTCOME_UNKNOWN', undefined, { message, cause: error });
    for (const { reject } of this.#receipts.values()) reject(unknown);
    this.#receipts.clear();
  }
}
