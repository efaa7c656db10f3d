import type { Payload, ResultError, ResultStatus } from './entries.js';
import type { Member, SessionId } from './member.js';
import type { RankRange } from './rank-range.js';

/**
 * What the core asks the outside to do, in this order. Whoever performs them decides nothing. They are performed before
 * the next entry is applied, so the group they speak of still stands as it did.
 */
export type Effect =
  | WelcomedEffect
  | TurnedAwayEffect
  | RosterChangedEffect
  | DepartedEffect
  | ReceiptEffect
  | DeliverEffect
  | DeadlineEffect
  | RecipientEndedEffect
  | OutcomeEffect
  | ResultRefusedEffect;

/** R-JOIN-3: tell the newcomer its place. */
export interface WelcomedEffect {
  readonly kind: 'welcomed';
  readonly member: Member;
  readonly rank: number;
}

/** R-JOIN-4: no seat; the roster is untouched. */
export interface TurnedAwayEffect {
  readonly kind: 'turned-away';
  readonly session: SessionId;
  readonly code: 'FULL' | 'DRAINING';
  readonly detail: string;
}

/** What changed a roster (R-VIEW-2). */
export interface Cause {
  readonly kind: 'joined' | 'left';
  readonly member: Member;
  /** For `left`: a code of the error table, or CLOSED. */
  readonly reason: string | undefined;
}

/** The roster has a new view. Members of ranks `movedFrom` and up in number have moved up by one. */
export interface RosterChangedEffect {
  readonly kind: 'roster-changed';
  readonly epoch: number;
  readonly view: number;
  readonly seq: number;
  readonly at: number;
  readonly size: number;
  readonly cause: Cause;
  /** The rank from which on members have new ranks; the size where none has. */
  readonly movedFrom: number;
}

/** A member is no longer there; its session, if any, is over. */
export interface DepartedEffect {
  readonly kind: 'departed';
  readonly member: Member;
  readonly rank: number;
  readonly reason: string;
}

/** A member that was aimed at and may not execute the command. */
export interface RefusedTarget {
  readonly member: Member;
  readonly rank: number;
  readonly code: 'OUTRANKED';
}

export type RejectionCode =
  | 'OUTRANKED'
  | 'NO_SUCH_TARGET'
  | 'NO_RECIPIENTS'
  | 'DUPLICATE_ID'
  | 'TOO_MANY_OPEN'
  | 'DRAINING';

export type Verdict =
  | {
      readonly kind: 'accepted';
      readonly seq: number;
      readonly view: number;
      readonly recipients: number;
      readonly deadlineMs: number;
    }
  | { readonly kind: 'rejected'; readonly code: RejectionCode };

/** R-CMD-3: exactly one per command. */
export interface ReceiptEffect {
  readonly kind: 'receipt';
  readonly sender: Member;
  readonly senderRank: number;
  readonly id: string;
  readonly name: string;
  readonly verdict: Verdict;
  /** At most `refusedMax` of them. */
  readonly refused: readonly RefusedTarget[];
  readonly refusedCount: number;
}

/** R-CMD-4: one frame, the same for everyone in the ranges. */
export interface DeliverEffect {
  readonly kind: 'deliver';
  readonly seq: number;
  readonly view: number;
  readonly sender: Member;
  readonly senderRank: number;
  readonly name: string;
  readonly payload: Payload | undefined;
  readonly deadlineMs: number;
  readonly resultWanted: boolean;
  readonly ranges: readonly RankRange[];
}

/** Propose `expired` for this command once that long has passed. */
export interface DeadlineEffect {
  readonly kind: 'deadline';
  readonly epoch: number;
  readonly seq: number;
  readonly deadlineMs: number;
}

/** R-CMD-6: how a recipient can end. */
export type EndedStatus = ResultStatus | 'expired' | 'left';

/** A recipient ended; `forward` says whether the sender asked to hear of each and is still there. */
export interface RecipientEndedEffect {
  readonly kind: 'recipient-ended';
  readonly sender: Member;
  readonly forward: boolean;
  readonly id: string;
  readonly seq: number;
  readonly recipient: Member;
  /** Its rank at the command's place in the order. */
  readonly rank: number;
  readonly status: EndedStatus;
  readonly error: ResultError | undefined;
  readonly payload: Payload | undefined;
  readonly ms: number;
}

/** A recipient that did not do it, with its rank at the command's place in the order. */
export interface MissingRecipient {
  readonly member: Member;
  readonly rank: number;
  readonly status: Exclude<EndedStatus, 'done'>;
}

/** R-CMD-7: the answer sheet; `forward` says whether the sender is still there. */
export interface OutcomeEffect {
  readonly kind: 'outcome';
  readonly sender: Member;
  readonly forward: boolean;
  readonly id: string;
  readonly seq: number;
  readonly name: string;
  readonly recipients: number;
  readonly counts: Readonly<Record<EndedStatus, number>>;
  /** By rank, at most `missingMax` of them. */
  readonly missing: readonly MissingRecipient[];
  readonly ms: number;
}

/** R-CMD-5: a result that has no effect. */
export interface ResultRefusedEffect {
  readonly kind: 'result-refused';
  readonly member: Member;
  readonly seq: number;
  readonly code: 'LATE_RESULT' | 'UNEXPECTED_RESULT';
}
