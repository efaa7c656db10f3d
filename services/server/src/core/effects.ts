import type { MovedEntry, Payload, ResultError, ResultStatus } from './entries.js';
import type { CommandSender, Member, SessionId } from './roster/member.js';
import type { RankRange } from './roster/rank-range.js';
import type { VersionedRoster } from './roster/versioned-roster.js';

/**
 * What the core asks the outside to do, in this order. Whoever performs them decides nothing. They are performed before
 * the next entry is applied, so the group they speak of still stands as it did. A `to` is the session that hears of it, and
 * undefined where whoever it was for is not there to hear it.
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
  | RemovedEffect
  | AdminReceiptEffect
  | ReceiptEffect
  | DeliverEffect
  | DeadlineEffect
  | RecipientEndedEffect
  | OutcomeEffect
  | ResultRefusedEffect;

/** R-JOIN-3: tell a member its place. */
export interface WelcomedEffect {
  readonly kind: 'welcomed';
  readonly member: Member;
  readonly session: SessionId;
  readonly rank: number;
  readonly resumed: boolean;
}

/** R-JOIN-6: a newer session has this one's seat. */
export interface ReplacedEffect {
  readonly kind: 'replaced';
  readonly session: SessionId;
}

/** R-JOIN-4: no seat; the roster is untouched. */
export interface TurnedAwayEffect {
  readonly kind: 'turned-away';
  readonly session: SessionId;
  readonly code: 'FULL' | 'DRAINING';
  readonly detail: string;
}

/** R-JOIN-4: the session is on the waitlist; it and the others there are told their positions. */
export interface WaitingEffect {
  readonly kind: 'waiting';
  readonly session: SessionId;
}

/** What changed a roster (R-VIEW-2). */
export interface Cause {
  readonly kind: 'joined' | 'left' | 'moved' | 'away' | 'resumed';
  readonly member: Member;
  /** The rank that it has right after the change; the one that it had, for `left`. */
  readonly rank: number;
  /** For `left` and `away`: a code of the error table, or CLOSED, GRACE_ENDED, RESTARTED, SERVER_LOST or SERVER_LEFT. */
  readonly reason: string | undefined;
}

/** The roster has a new view. */
export interface RosterChangedEffect {
  readonly kind: 'roster-changed';
  readonly epoch: number;
  readonly view: number;
  readonly seq: number;
  readonly at: number;
  readonly size: number;
  readonly cause: Cause;
  /** Members that have these ranks now had others before. */
  readonly shifted: RankRange;
  /** How many members' rank numbers fell. */
  readonly promoted: number;
}

/** A member is no longer there; its session, if any, is over. */
export interface DepartedEffect {
  readonly kind: 'departed';
  readonly member: Member;
  readonly session: SessionId | undefined;
  readonly rank: number;
  readonly reason: string;
  readonly promoted: number;
}

/** Propose `grace-ended` for this away member once that long has passed. */
export interface GraceEffect {
  readonly kind: 'grace';
  readonly epoch: number;
  readonly member: Member;
  readonly graceMs: number;
}

/**
 * R-LEAD-1: a change waits for this leader to stop. With a session: ask it to yield, renew its lease no more, and propose
 * `stopped` when it has yielded, when its own end has closed, or suspendMs after its last pong came. Without one: propose
 * `stopped` after `waitMs`.
 */
export interface AskToStopEffect {
  readonly kind: 'ask-to-stop';
  readonly epoch: number;
  readonly member: Member;
  /** Goes into the `stopped` that answers it: a leader that was let act again is asked anew, with a larger number. */
  readonly ask: number;
  readonly session: SessionId | undefined;
  readonly waitMs: number;
}

/** R-LEAD-2: nothing waits for this leader any more; the next view lets it act again. */
export interface ReleasedEffect {
  readonly kind: 'released';
  readonly session: SessionId;
}

/** R-LEAD-2: it was asked to stop and leads all the same: a view lets it act again. */
export interface ReassureEffect {
  readonly kind: 'reassure';
  readonly member: Member;
  readonly session: SessionId;
}

/** R-ADMIN-1: end this session with `bye` REMOVED. */
export interface RemovedEffect {
  readonly kind: 'removed';
  readonly session: SessionId;
  readonly reason: string | undefined;
}

/** A member that was aimed at and may not execute the command. */
export interface RefusedTarget {
  readonly member: Member;
  readonly rank: number;
  readonly code: 'OUTRANKED' | 'AWAY';
}

export type RejectionCode =
  | 'OUTRANKED'
  | 'AWAY'
  | 'NO_SUCH_TARGET'
  | 'NO_RECIPIENTS'
  | 'DUPLICATE_ID'
  | 'TOO_MANY_OPEN'
  | 'RATE_LIMITED'
  | 'DRAINING';

/** R-ADMIN-1: what became of a move or a removal. */
export interface AdminReceiptEffect {
  readonly kind: 'admin-receipt';
  readonly to: SessionId;
  readonly id: string;
  readonly verdict:
    | { readonly kind: 'accepted'; readonly seq: number; readonly view: number }
    | { readonly kind: 'rejected'; readonly code: 'NO_SUCH_TARGET' | 'DRAINING' };
}

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
  readonly to: SessionId | undefined;
  readonly sender: CommandSender;
  readonly id: string;
  readonly name: string;
  readonly verdict: Verdict;
  /** By rank, at most `refusedMax` of them. */
  readonly refused: readonly RefusedTarget[];
  readonly refusedCount: number;
}

/** R-CMD-4: one frame, the same for everyone in the ranges. */
export interface DeliverEffect {
  readonly kind: 'deliver';
  readonly seq: number;
  readonly view: number;
  readonly sender: CommandSender;
  /** Whose reading is slowed where its recipients are slow (R-FLOW-1). */
  readonly by: SessionId | undefined;
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

/** A recipient ended. `to`: the session that sent the command, where it asked to hear of each and is still there. */
export interface RecipientEndedEffect {
  readonly kind: 'recipient-ended';
  readonly to: SessionId | undefined;
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

/** R-CMD-7: the answer sheet. */
export interface OutcomeEffect {
  readonly kind: 'outcome';
  readonly to: SessionId | undefined;
  readonly sender: CommandSender;
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
  readonly to: SessionId;
  readonly seq: number;
  readonly code: 'LATE_RESULT' | 'UNEXPECTED_RESULT';
}

/** What an administrator asked for, and which administrator. */
type AdminRequest = Pick<MovedEntry, 'by' | 'id'>;

/** R-ADMIN-1: the order is as the administrator wanted it. */
export function acceptAdmin({ by, id }: AdminRequest, { seq, view }: VersionedRoster): AdminReceiptEffect {
  return { kind: 'admin-receipt', to: by.session, id, verdict: { kind: 'accepted', seq, view } };
}

/** R-ADMIN-1, R-BYE-2: nothing has changed. */
export function rejectAdmin({ by, id }: AdminRequest, code: 'NO_SUCH_TARGET' | 'DRAINING'): AdminReceiptEffect {
  return { kind: 'admin-receipt', to: by.session, id, verdict: { kind: 'rejected', code } };
}
