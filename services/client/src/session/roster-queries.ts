/** The queries of the roster on one session (R-ASK-1). */

import type { ErrorMessage, RosterMember, RosterMessage } from '@rankd/protocol';
import type { Roster } from '../observer/pending-queries.js';
import { errorFromServer, type RankdError } from '../rankd-error.js';
import type { SeatConnection } from './seat.js';

/** A call of `roster()` that has no answer yet. */
export interface RosterCall {
  readonly resolve: (roster: Roster) => void;
  readonly reject: (error: RankdError) => void;
}

/** The receiver of a query's answer: a call of `roster()`, or the copy of the roster that `partitions()` keeps. */
type Asker = RosterCall | 'partitions';

/**
 * Matches rosters and errors to the queries of one session. The server answers queries in their order. A roster that follows a view with
 * `reset` answers no query.
 */
export class RosterQueries {
  readonly #connection: SeatConnection;
  readonly #askers: Asker[] = [];
  #next: 'answer' | 'unasked' = 'answer';
  #members: RosterMember[] = [];

  constructor(connection: SeatConnection) {
    this.#connection = connection;
  }

  /** Sends a query. */
  ask(asker: Asker): void {
    this.#askers.push(asker);
    this.#connection.send({ type: 'roster' });
  }

  /** Records that the server has sent a view with `reset`: the roster that follows answers no query. */
  recordReset(): void {
    this.#next = 'unasked';
  }

  /** Records one frame of a roster. Answers the oldest query when the roster is complete. */
  handleRoster({ group, epoch, view, size, members, more }: RosterMessage): void {
    this.#members.push(...members);
    if (more) return;
    const roster = { group, epoch, view, size, members: this.#members };
    this.#members = [];
    const isAnswer = this.#next === 'answer';
    this.#next = 'answer';
    const asker = isAnswer ? this.#askers.shift() : undefined;
    if (asker !== undefined && asker !== 'partitions') asker.resolve(roster);
  }

  /** Records an error of the server. Rejects the oldest query if it is a call of `roster()`. Returns whether it rejected one. */
  handleError(message: ErrorMessage): boolean {
    if (message.code !== 'RATE_LIMITED') return false;
    const asker = this.#askers.shift();
    if (asker === undefined || asker === 'partitions') return false;
    asker.reject(errorFromServer(message));
    return true;
  }

  /** Returns the calls of `roster()` that have no answer, and forgets them. */
  removeCalls(): RosterCall[] {
    return this.#askers.splice(0).filter(asker => asker !== 'partitions');
  }
}
