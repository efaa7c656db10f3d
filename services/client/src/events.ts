import type { Cause } from '@rankd/protocol';
import type { Execution } from './commands/command-executor.js';
import type { RankdError } from './rankd-error.js';

/** A change of this member's rank or of the leader. */
export interface RankChange {
  readonly rank: number;
  /** The rank in the event before. Undefined in the first. */
  readonly was: number | undefined;
  readonly size: number;
  readonly cause: Cause;
}

/**
 * Why a member may not act on its rank: no acknowledged heartbeat (R-LEAD-3), a yield that the server asked for (R-LEAD-2),
 * or it leaves.
 */
export type Suspension = 'silence' | 'yield' | 'leave';

/** The events of a membership. */
export interface MembershipEvents {
  /** A connection attempt starts. `attempt` is its number since the last session. */
  connecting: [{ readonly address: string; readonly attempt: number }];
  /** The member was admitted, or its seat was resumed. */
  joined: [
    {
      readonly rank: number;
      readonly size: number;
      readonly slot: number;
      readonly member: string;
      /** Whether it is the seat from before: same member, rank and slot (R-JOIN-6). */
      readonly resumed: boolean;
    },
  ];
  /** The group is full, and the member is on the waitlist (R-JOIN-4). `position` is 1 or more. */
  waiting: [{ readonly position: number; readonly of: number }];
  /** The rank or the leader has changed. */
  rank: [RankChange];
  /** The member may not act on its rank until `acting` (R-LEAD-3). */
  suspended: [{ readonly rank: number; readonly because: Suspension }];
  /** The member may act on its rank again, after `suspended`. */
  acting: [{ readonly rank: number }];
  /** The session has ended. The next attempt starts after `retryInMs`; undefined if there is none. */
  disconnected: [{ readonly error: RankdError; readonly retryInMs: number | undefined }];
  /** A command that was delivered to this member has ended. */
  executed: [Execution];
  /** The membership is closed, by `leave` or by an error that no retry can solve. */
  closed: [{ readonly error: RankdError | undefined }];
}
