/** The effects: what the core asks the adapters to do after it has applied an entry. */

import type { Payload, ResultError, ResultStatus } from './entries.js';
import type { CommandSender, Member, SessionId } from './roster/member.js';
import type { RankRange } from './roster/rank-range.js';

/**
 * A request of the core to an adapter. Adapters perform effects in order, before the next entry is applied. So the group does not change
 * between the return of an effect and its performance. Adapters decide nothing. In an effect, `to` is the session that receives the
 * message. It is undefined if the receiver has no session.
 */
export type Effect =
  | WelcomedEffect
  | ReplacedEffect
  | TurnedAwayEffect
  | WaitingEffect
  | RosterChangedEffect
  | DepartedEffect
  | GraceEffect
  | AskToStopEffect
  | ReleasedEffect
  | ReassureEffect
  | ResignationEffect
  | RemovedEffect
  | AdminReceiptEffect
  | ReceiptEffect
  | DeliverEffect
  | DeadlineEffect
  | RecipientEndedEffect
  | OutcomeEffect
  | ResultRefusedEffect;

/** Send `welcome` to a member (R-JOIN-3). */
export interface WelcomedEffect {
  readonly kind: 'welcomed';
  readonly member: Member;
  readonly session: SessionId;
  readonly rank: number;
  readonly resumed: boolean;
}

/** End this session with `bye` REPLACED: a newer session has taken its seat (R-JOIN-6). */
export interface ReplacedEffect {
  readonly kind: 'replaced';
  readonly session: SessionId;
}

/** Refuse this session with `bye` FULL or DRAINING (R-JOIN-4, R-BYE-2). The roster has not changed. `detail` is a text for the log. */
export interface TurnedAwayEffect {
  readonly kind: 'turned-away';
  readonly session: SessionId;
  readonly code: 'FULL' | 'DRAINING';
  readonly detail: string;
}

/** Send every session on the waitlist its position, because `session` has joined or left the waitlist (R-JOIN-4). */
export interface WaitingEffect {
  readonly kind: 'waiting';
  readonly session: SessionId;
}

/** The cause of a change of the roster (R-VIEW-2). */
export interface Cause {
  readonly kind: 'joined' | 'left' | 'moved' | 'away' | 'resumed';
  readonly member: Member;
  /** The member's rank after the change; for `left`, its rank before. */
  readonly rank: number;
  /**
   * For `left` and `away`: a code of the error table, or CLOSED, GRACE_ENDED, RESTARTED, SERVER_LOST or SERVER_LEFT. For `moved`: RESIGNED,
   * or undefined if an administrator moved the member.
   */
  readonly reason: string | undefined;
}

/** The roster has changed and has a new view. A view is the roster at one moment, with a number. */
export interface RosterChangedEffect {
  readonly kind: 'roster-changed';
  readonly epoch: number;
  readonly view: number;
  readonly seq: number;
  readonly at: number;
  readonly size: number;
  readonly cause: Cause;
  /** The ranks whose members had another rank before the change. */
  readonly shifted: RankRange;
  /** How many members have a smaller rank number than before. */
  readonly promoted: number;
}

/** A member has left, and its session has ended. `rank` is its last rank. `promoted` members have moved up. */
export interface DepartedEffect {
  readonly kind: 'departed';
  readonly member: Member;
  readonly session: SessionId | undefined;
  readonly rank: number;
  readonly reason: string;
  readonly promoted: number;
}

/**
 * Propose `grace-ended` when this absence has lasted for `ms`. A server measures an absence from the first effect about it. A later effect
 * about the same absence changes only its duration.
 */
export interface GraceEffect {
  readonly kind: 'grace';
  readonly epoch: number;
  readonly member: Member;
  /** The number of the absence. Undefined in format 1 of the log: `ms` is then counted from this effect. */
  readonly absence: number | undefined;
  readonly ms: number;
}

/**
 * A decision waits until this leader has stopped acting on its rank (R-LEAD-1). If the leader has a session, send `yield` and stop renewing
 * its lease: its right to act on its rank. Then propose `stopped` when one of these happens: the leader answers `yielded`, the client's
 * end of the connection closes, or suspendMs has passed since its last pong. If the leader has no session, propose `stopped` when its
 * absence has lasted for `waitMs`.
 */
export interface AskToStopEffect {
  readonly kind: 'ask-to-stop';
  readonly epoch: number;
  readonly member: Member;
  /**
   * The number of this request. The `stopped` entry repeats it. Of two requests to the same leader, the later one has the larger number.
   */
  readonly ask: number;
  readonly session: SessionId | undefined;
  /**
   * The number of the leader's absence. Undefined if the leader has a session. Also undefined in format 1 of the log, which counts `waitMs`
   * from this effect.
   */
  readonly absence: number | undefined;
  readonly waitMs: number;
}

/** No decision waits for this leader any longer, so the next view permits it to act again (R-LEAD-2). */
export interface ReleasedEffect {
  readonly kind: 'released';
  readonly session: SessionId;
}

/** Send a view to a member that was asked to stop and still leads. The view permits it to act again (R-LEAD-2). */
export interface ReassureEffect {
  readonly kind: 'reassure';
  readonly member: Member;
  readonly session: SessionId;
}

/**
 * Send a view to a member that has resigned (R-RESIGN-1). It permits the member to act again. Until then the member must receive no other
 * view. The resignation also answers every earlier `yield` of the session.
 */
export interface ResignationEffect {
  readonly kind: 'resignation';
  readonly session: SessionId;
  /** The cause of the view, also if the member has kept its rank. */
  readonly cause: Cause;
}

/** End this session with `bye` REMOVED (R-ADMIN-1). */
export interface RemovedEffect {
  readonly kind: 'removed';
  readonly session: SessionId;
  readonly reason: string | undefined;
}

/** A targeted member that must not execute the command (R-CMD-2). */
export interface RefusedTarget {
  readonly member: Member;
  readonly rank: number;
  readonly code: 'OUTRANKED' | 'AWAY';
}

/** A rank, a member id or a name in a command's `to` that matches no member (R-CMD-3). */
export type UnmatchedTarget = number | string;

/** Why a command is rejected: an error code of the protocol (R-CMD-3). */
export type RejectionCode =
  | 'OUTRANKED'
  | 'AWAY'
  | 'NO_SUCH_TARGET'
  | 'NO_RECIPIENTS'
  | 'DUPLICATE_ID'
  | 'TOO_MANY_OPEN'
  | 'RATE_LIMITED'
  | 'DRAINING';

/** Send the receipt of a move or a removal to the administrator (R-ADMIN-1). */
export interface AdminReceiptEffect {
  readonly kind: 'admin-receipt';
  readonly to: SessionId;
  readonly id: string;
  readonly verdict:
    | { readonly kind: 'accepted'; readonly seq: number; readonly view: number }
    | { readonly kind: 'rejected'; readonly code: 'NO_SUCH_TARGET' | 'DRAINING' };
}

/** Whether a command is accepted. `deadlineMs` is the deadline that applies, after the limit (R-CMD-1). */
export type Verdict =
  | {
      readonly kind: 'accepted';
      readonly seq: number;
      readonly view: number;
      readonly recipients: number;
      readonly deadlineMs: number;
    }
  | { readonly kind: 'rejected'; readonly code: RejectionCode };

/** Send the receipt of a command. Each command has exactly one (R-CMD-3). */
export interface ReceiptEffect {
  readonly kind: 'receipt';
  readonly to: SessionId | undefined;
  readonly sender: CommandSender;
  readonly id: string;
  readonly name: string;
  readonly verdict: Verdict;
  /** The refused targets by rank, at most `refusedMax` of them. */
  readonly refused: readonly RefusedTarget[];
  readonly refusedCount: number;
  /** The elements of `to` that match no member, at most `refusedMax` of them. */
  readonly unmatched: readonly UnmatchedTarget[];
}

/** Deliver a command to the members whose ranks are in `ranges` (R-CMD-4). All get the same frame. */
export interface DeliverEffect {
  readonly kind: 'deliver';
  readonly seq: number;
  readonly view: number;
  readonly sender: CommandSender;
  /** The sender's session. The gateway pauses reading from it while recipients are slow (R-FLOW-1). */
  readonly by: SessionId | undefined;
  readonly name: string;
  readonly payload: Payload | undefined;
  readonly deadlineMs: number;
  readonly resultWanted: boolean;
  readonly ranges: readonly RankRange[];
}

/** Propose `expired` for this command `deadlineMs` after this effect. */
export interface DeadlineEffect {
  readonly kind: 'deadline';
  readonly epoch: number;
  readonly seq: number;
  readonly deadlineMs: number;
}

/**
 * How a recipient's part in a command ended (R-CMD-6). `expired`: the deadline passed before a result arrived. `left`: the recipient left
 * before its result arrived.
 */
export type EndedStatus = ResultStatus | 'expired' | 'left';

/** One recipient's part in a command has ended. `to` is the sender's session if the sender asked for each result and is still connected. */
export interface RecipientEndedEffect {
  readonly kind: 'recipient-ended';
  readonly to: SessionId | undefined;
  readonly id: string;
  readonly seq: number;
  readonly recipient: Member;
  /** The recipient's rank when the command was accepted. */
  readonly rank: number;
  readonly status: EndedStatus;
  readonly error: ResultError | undefined;
  readonly payload: Payload | undefined;
}

/** A recipient that did not end as `done`. */
export interface MissingRecipient {
  readonly member: Member;
  /** The recipient's rank when the command was accepted. */
  readonly rank: number;
  readonly status: Exclude<EndedStatus, 'done'>;
  /** The code of its error. Undefined if its result had no error, or if it sent none. */
  readonly code: string | undefined;
}

/** Send the outcome of a command: how many recipients ended in which way (R-CMD-7). */
export interface OutcomeEffect {
  readonly kind: 'outcome';
  readonly to: SessionId | undefined;
  readonly sender: CommandSender;
  readonly id: string;
  readonly seq: number;
  readonly name: string;
  readonly recipients: number;
  readonly counts: Readonly<Record<EndedStatus, number>>;
  /** The recipients that did not end as `done`, by rank, at most `missingMax` of them. */
  readonly missing: readonly MissingRecipient[];
}

/** Refuse a result. It had no effect (R-CMD-5). */
export interface ResultRefusedEffect {
  readonly kind: 'result-refused';
  readonly to: SessionId;
  readonly seq: number;
  readonly code: 'LATE_RESULT' | 'UNEXPECTED_RESULT';
}
