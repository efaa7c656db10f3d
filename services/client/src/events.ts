/** The events that a membership emits. */

import type { Cause } from '@rankd/protocol';
import type { ListenerError } from './callbacks/application-callbacks.js';
import type { Execution } from './commands/command-executor.js';
import type { RankdError } from './rankd-error.js';

/** A change of this member's rank or of the leader. With the option `updates` `size` or `roster`: also of the size. */
export interface RankChange {
  /** The rank of this member now. 0 leads. */
  readonly rank: number;
  /** The rank in the previous `rank` event. Undefined in the first event. */
  readonly was: number | undefined;
  /** The number of members of the group. */
  readonly size: number;
  /** Which member's join, departure or move caused the change. */
  readonly cause: Cause;
}

/** A change of the size of the group. */
export interface SizeChange {
  /** The number of members of the group now, as `Membership.size`. */
  readonly size: number;
  /** The size in the `size` event before, or in the first `joined`. */
  readonly was: number;
}

/**
 * Why a member must not act on its rank. `silence`: the server has acknowledged no heartbeat for `suspendMs` (R-LEAD-3). `yield`:
 * the server asked the member to stop, because its rank changes (R-LEAD-2). `resign`: the member resigns (R-RESIGN-1). `leave`: the
 * member leaves. `close`: the membership closes, and the server keeps the seat.
 */
export type Suspension = 'silence' | 'yield' | 'resign' | 'leave' | 'close';

/** The end of a member's lease. */
export interface LeaseChange {
  /** When the lease ends unless it is renewed, as `Membership.leaseEndsAt`: ms of the clock of `performance.now()`. */
  readonly endsAt: number;
}

/**
 * The events of a membership, with the arguments of their listeners. The membership is up to date before it calls a listener. A listener
 * that throws or rejects affects no other listener and not the membership: see `listenerError`.
 */
export interface MembershipEvents {
  /** A connection attempt starts. `address` is `host:port`. `attempt` counts the attempts since the last seat, from 1. */
  connecting: [{ readonly address: string; readonly attempt: number }];
  /** The member was admitted, or has taken back its seat. */
  joined: [
    {
      readonly rank: number;
      readonly size: number;
      readonly slot: number;
      readonly member: string;
      /** Whether the server gave the member its earlier seat: the same member id, rank and slot (R-JOIN-6). */
      readonly resumed: boolean;
    },
  ];
  /** The group is full, and the member is on the waitlist (R-JOIN-4). `position` counts from 1, `of` is the length of the waitlist. */
  waiting: [{ readonly position: number; readonly of: number }];
  /** The rank or the leader has changed. With the option `updates` `size` or `roster`, this event also reports a change of the size. */
  rank: [RankChange];
  /**
   * The size of the group has changed, and `Membership.size` with it. This event comes after `joined` and `rank` of the same message. The
   * server may report a new size up to 200 ms late; with `updates: 'rank'` it reports a size only with a new rank or leader. The event is
   * also emitted while the member is suspended.
   */
  size: [SizeChange];
  /** The member must not act on its rank until `acting` or `joined` (R-LEAD-3). */
  suspended: [{ readonly rank: number; readonly because: Suspension }];
  /** The member may act on its rank again, after `suspended`. */
  acting: [{ readonly rank: number }];
  /**
   * The end of this member's lease differs from the last reported one: after `joined`, after each acknowledged heartbeat, and when the
   * member may act again after a request to yield. `suspended` and `disconnected` report that it has ended.
   */
  lease: [LeaseChange];
  /**
   * The session has ended, or an attempt has failed. The next attempt starts in `retryInMs` ms. `retryInMs` is undefined if there is no
   * next attempt.
   */
  disconnected: [{ readonly error: RankdError; readonly retryInMs: number | undefined }];
  /** A command that this member received has ended. */
  executed: [Execution];
  /** The membership is closed. `error` is undefined after `leave`. Otherwise it is the error that no retry can solve. */
  closed: [{ readonly error: RankdError | undefined }];
  /**
   * A function that the application passed to the library has thrown, or its promise has rejected. `source` is the event of the
   * listener, or the name of the function: `logger`, `acquire`, `release`, `lost`, `dial`, `tls`, `prepare`, `keepClaim`, or `abort` for a listener
   * of a signal that the library created. If nothing listens to this
   * event, the library throws the error by `process.nextTick`: it becomes an uncaught exception. Errors of `dial` and `tls` are not
   * thrown, because `disconnected` reports them. Errors of `acquire`, `release` and `lost` are not thrown if `join` was given a
   * `logger`. Errors of `handle` and `lead` are not emitted: they become the result of the command, and the rejection of `lead`. An
   * error of a listener of `listenerError` itself is thrown.
   */
  listenerError: [ListenerError];
}

/** The names of the events. */
export const membershipEvents: Readonly<Record<keyof MembershipEvents, true>> = {
  connecting: true,
  joined: true,
  waiting: true,
  rank: true,
  size: true,
  suspended: true,
  acting: true,
  lease: true,
  disconnected: true,
  executed: true,
  closed: true,
  listenerError: true,
};
