import type { KeptSeat, MemberId, Newcomer, ServerId, SessionId } from './roster/member.js';

/**
 * An entry of the log. It contains everything that earlier entries do not determine: ids, times, deadlines. An entry is a proposal:
 * the core decides about it when it is applied. Applying it again changes nothing.
 */
export type Entry = GroupEntry | FrozenEntry;

/** An entry in the order of one group. */
export type GroupEntry =
  | JoinedEntry
  | ConfirmedEntry
  | WaitingLeftEntry
  | DepartedEntry
  | GraceEndedEntry
  | StoppedEntry
  | MovedEntry
  | RemovedEntry
  | CommandEntry
  | AdminGoneEntry
  | ResultEntry
  | ExpiredEntry
  | RestoredEntry
  | ServerGoneEntry;

interface Placed {
  readonly group: string;
  /** When it was proposed: wall time in milliseconds since 1970. */
  readonly at: number;
}

/** A session has sent `hello`: it asks for the last rank, or to resume its seat. */
export interface JoinedEntry extends Placed {
  readonly kind: 'joined';
  readonly newcomer: Newcomer;
  readonly resume: { readonly member: MemberId; readonly secretHash: string } | undefined;
}

/** A session that has resumed has sent its next frame, so it has the new secret; the earlier one becomes invalid (R-JOIN-6). */
export interface ConfirmedEntry extends Placed {
  readonly kind: 'confirmed';
  readonly member: MemberId;
  readonly session: SessionId;
}

/** A session on the waitlist has ended. */
export interface WaitingLeftEntry extends Placed {
  readonly kind: 'waiting-left';
  readonly session: SessionId;
}

/**
 * A member's session has ended. `goodbye`: the member has left. `lost`: its end has closed, or it was silent for deadMs; only this has a
 * grace period. `ended`: the server has ended it; for rank 0 this waits until the leader has stopped (R-LEAD-1).
 */
export interface DepartedEntry extends Placed {
  readonly kind: 'departed';
  readonly member: MemberId;
  readonly session: SessionId;
  readonly how: 'goodbye' | 'lost' | 'ended';
  /** A code of the error table; or CLOSED, if the member's end has closed the connection. */
  readonly reason: string;
}

/** A server proposes that the grace period of an away member has passed. */
export interface GraceEndedEntry extends Placed {
  readonly kind: 'grace-ended';
  readonly epoch: number;
  readonly member: MemberId;
}

/** A leader that was asked to stop has yielded, has closed its end, or has sent no pong for suspendMs (R-LEAD-1). */
export interface StoppedEntry extends Placed {
  readonly kind: 'stopped';
  readonly epoch: number;
  readonly member: MemberId;
  /** The number of the request that it answers. An answer to an earlier request has no effect. */
  readonly ask: number;
}

/** A session with the admin token, which receives the receipt of its request. */
export interface Administrator {
  readonly session: SessionId;
  readonly id: string;
  readonly name: string;
}

/** An administrator moves a member to a rank (R-ADMIN-1). */
export interface MovedEntry extends Placed {
  readonly kind: 'moved';
  readonly by: Administrator;
  readonly id: string;
  readonly member: MemberId;
  readonly rank: number;
}

/** An administrator removes a member (R-ADMIN-1). */
export interface RemovedEntry extends Placed {
  readonly kind: 'removed';
  readonly by: Administrator;
  readonly id: string;
  readonly member: MemberId;
  /** A text for the member. */
  readonly reason: string | undefined;
}

/** The target of a command (R-CMD-1). */
export type Target =
  | { readonly kind: 'below' }
  | { readonly kind: 'all' }
  | { readonly kind: 'ranks'; readonly ranks: readonly number[] }
  | { readonly kind: 'members'; readonly members: readonly MemberId[] }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'tags'; readonly tags: Readonly<Record<string, string>> };

/** A payload: JSON text as its sender wrote it. The core does not read it. */
export type Payload = string;

/** Which answers the sender asks for (R-CMD-6). */
export type Reply = 'outcome' | 'each' | 'none';

/** The sender of a command. An administrator has rank -1. */
export type CommandSource =
  | { readonly kind: 'member'; readonly member: MemberId; readonly session: SessionId }
  | ({ readonly kind: 'admin' } & Administrator);

/** A member or an administrator sends a command to its subordinates. */
export interface CommandEntry extends Placed {
  readonly kind: 'command';
  readonly from: CommandSource;
  /** The number of the command in its session, rising. (session, n) identifies the command in the log. */
  readonly n: number;
  /** An id that the sender has chosen. It may be used again when the command has ended. */
  readonly id: string;
  readonly name: string;
  readonly target: Target;
  readonly deadlineMs: number;
  readonly reply: Reply;
  readonly payload: Payload | undefined;
}

/** An administrator's session has ended. */
export interface AdminGoneEntry extends Placed {
  readonly kind: 'admin-gone';
  readonly session: SessionId;
}

/** How a recipient has executed a command (R-CMD-5). */
export type ResultStatus = 'done' | 'failed' | 'refused';

/** The error of a result that is not `done`. */
export interface ResultError {
  readonly code: string;
  readonly message?: string;
}

/** A recipient sends its result. */
export interface ResultEntry extends Placed {
  readonly kind: 'result';
  readonly member: MemberId;
  readonly session: SessionId;
  readonly epoch: number;
  readonly seq: number;
  readonly status: ResultStatus;
  readonly error: ResultError | undefined;
  readonly payload: Payload | undefined;
}

/** A server proposes that the deadline of a command has passed. */
export interface ExpiredEntry extends Placed {
  readonly kind: 'expired';
  readonly epoch: number;
  readonly seq: number;
}

/** The order before a restart; its members are away until they resume (R-VIEW-6). */
export interface RestoredEntry extends Placed {
  readonly kind: 'restored';
  readonly seats: readonly KeptSeat[];
}

/** A server of the cluster is gone, with all of its sessions; its members are away until they resume. */
export interface ServerGoneEntry extends Placed {
  readonly kind: 'server-gone';
  readonly server: ServerId;
  /** SERVER_LEFT: it has announced that it leaves. SERVER_LOST: the other servers have declared it lost. */
  readonly reason: 'SERVER_LEFT' | 'SERVER_LOST';
}

/** The server stops: the order of every group is frozen, and nothing new is accepted (R-BYE-2). */
export interface FrozenEntry {
  readonly kind: 'frozen';
  readonly at: number;
}
