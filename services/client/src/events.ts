import type { Cause } from '@rankd/protocol';
import type { Execution } from './commands/command-executor.js';
import type { RankdError } from './rankd-error.js';

/** This member's rank is another than it was, or somebody else leads. */
export interface RankChange {
  readonly rank: number;
  /** As last told; undefined before the first. */
  readonly was: number | undefined;
  readonly size: number;
  readonly cause: Cause;
}

/** Why a member may not act on its rank: the coordinator is not heard, wants another to lead (R-LEAD-2), or it is leaving. */
export type Suspension = 'silence' | 'yield' | 'leave';

/** What a membership emits. */
export interface MembershipEvents {
  /** A session is being tried, the `attempt`-th since the last one held. */
  connecting: [{ readonly address: string; readonly attempt: number }];
  /** Admitted, for the first time or again. */
  joined: [
    {
      readonly rank: number;
      readonly size: number;
      readonly slot: number;
      readonly member: string;
      /** It is the seat that it had: same member, rank and slot. */
      readonly resumed: boolean;
    },
  ];
  /** The group is full; it waits for a seat. */
  waiting: [{ readonly position: number; readonly of: number }];
  rank: [RankChange];
  /** Acting on the rank is over, until `acting` (R-LEAD-3). */
  suspended: [{ readonly rank: number; readonly because: Suspension }];
  /** After `suspended`: it may act on its rank again. */
  acting: [{ readonly rank: number }];
  /** The session is over; `retryInMs` is undefined where it is not tried again. */
  disconnected: [{ readonly error: RankdError; readonly retryInMs: number | undefined }];
  executed: [Execution];
  /** The membership is over for good: by `leave`, or by an error that trying again does not mend. */
  closed: [{ readonly error: RankdError | undefined }];
}
