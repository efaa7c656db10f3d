/** The entries of the log: everything that can change a rank or route a command. */

import type { KeptSeat, MemberId, Newcomer, ServerId, SessionId } from './roster/member.js';

/**
 * An entry of the log. It contains what earlier entries do not determine: ids, times and deadlines. An entry is a proposal: the core
 * decides whether its claim holds when it applies the entry. Applying an entry twice changes nothing.
 */
export type Entry = GroupEntry | FrozenEntry;

/** An entry for one group. */
export type GroupEntry =
  | JoinedEntry
  | ConfirmedEntry
  | WaitingLeftEntry
  | DepartedEntry
  | GraceEndedEntry
  | StoppedEntry
  | ResignedEntry
  | MovedEntry
  | RemovedEntry
  | CommandEntry
  | AdminGoneEntry
  | ResultEntry
  | ExpiredEntry
  | RestoredEntry
  | ServerGoneEntry;

/** The fields that every entry of a group has. */
interface Placed {
  readonly group: string;
  /** When the entry was proposed: wall time in milliseconds since 1970. */
  readonly at: number;
}

/** A session has sent `hello`. It asks for the last rank, or for the seat that `resume` names (R-JOIN-2, R-JOIN-6). */
export interface JoinedEntry extends Placed {
  readonly kind: 'joined';
  readonly newcomer: Newcomer;
  readonly resume: { readonly member: MemberId; readonly secretHash: string } | undefined;
  /** The epoch that the client has held, according to its hello (R-JOIN-1). Undefined if it names none, or in format 1 of the log. */
  readonly epochHeld?: number | undefined;
}

/** A resumed session has sent its next frame, so its member has the new secret. The earlier secret becomes invalid (R-JOIN-6). */
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
 * A member's session has ended (R-VIEW-4, R-VIEW-5).
 * - `goodbye`: the member sent `leave`.
 * - `lost`: the client closed the connection, or was silent for deadMs. A grace period applies only in this case.
 * - `ended`: the server ended the session. For rank 0 this waits until the leader has stopped (R-LEAD-1).
 */
export interface DepartedEntry extends Placed {
  readonly kind: 'departed';
  readonly member: MemberId;
  readonly session: SessionId;
  readonly how: 'goodbye' | 'lost' | 'ended';
  /** A code of the error table; or CLOSED, if the client has closed the connection. */
  readonly reason: string;
  /**
   * How much of suspendMs is left since the last pong of the member. The member may act on its rank until then (R-LEAD-1). Absent:
   * suspendMs.
   */
  readonly mayActMs?: number;
}

/** Claim: at least `ms` have passed since the beginning of an absence, so its grace period has ended (R-VIEW-4). */
export interface GraceEndedEntry extends Placed {
  readonly kind: 'grace-ended';
  readonly epoch: number;
  readonly member: MemberId;
  /** The number of the absence. Undefined if the entry was written in format 1. */
  readonly absence?: number | undefined;
  /** A duration of the monotonic clock of the proposing server, in milliseconds. Undefined if `absence` is undefined. */
  readonly ms?: number | undefined;
}

/**
 * Claim: a leader that was asked to stop has stopped (R-LEAD-1). The evidence is one of these:
 * - `yielded`: the leader has answered `yielded`.
 * - `closed`: the client's end of the connection has closed. If a proxy may have closed it, this is no proof.
 * - `suspended`: suspendMs has passed since its last pong.
 */
export interface StoppedEntry extends Placed {
  readonly kind: 'stopped';
  readonly epoch: number;
  readonly member: MemberId;
  /** Undefined if the entry was written in format 1, in which a close is always a proof. */
  readonly evidence?: 'yielded' | 'closed' | 'suspended' | undefined;
  /** The number of the request to stop that this entry answers. An answer to an earlier request has no effect. */
  readonly ask: number;
}

/** A member has stopped acting on its rank and gives it up (R-RESIGN-1). Format 1 of the log does not have this entry. */
export interface ResignedEntry extends Placed {
  readonly kind: 'resigned';
  readonly member: MemberId;
  readonly session: SessionId;
}

/** A session with the admin token. It receives the receipt of its request. */
export interface Administrator {
  readonly session: SessionId;
  readonly id: string;
  readonly name: string;
}

/** An administrator moves a member to `rank` (R-ADMIN-1). */
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
  /** A text for the removed member. */
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

/** JSON text as its sender wrote it. The core does not read it. */
export type Payload = string;

/** Which answers the sender asks for (R-CMD-1, R-CMD-6). */
export type Reply = 'outcome' | 'each' | 'none';

/** The sender of a command. An administrator has rank -1. */
export type CommandSource =
  | { readonly kind: 'member'; readonly member: MemberId; readonly session: SessionId }
  | ({ readonly kind: 'admin' } & Administrator);

/** A member or an administrator sends a command (R-CMD-1). */
export interface CommandEntry extends Placed {
  readonly kind: 'command';
  readonly from: CommandSource;
  /** The number of the command within its session, increasing. (session, n) identifies the command in the log. */
  readonly n: number;
  /**
   * How long after the hello of its session the command was read: milliseconds of the server's monotonic clock. Undefined if the entry was
   * written in format 1.
   */
  readonly afterHelloMs?: number | undefined;
  /** An id that the sender has chosen. It may be used again when the command has ended. */
  readonly id: string;
  readonly name: string;
  readonly target: Target;
  readonly deadlineMs: number;
  readonly reply: Reply;
  readonly payload: Payload | undefined;
}

/** The session of an administrator has ended. */
export interface AdminGoneEntry extends Placed {
  readonly kind: 'admin-gone';
  readonly session: SessionId;
}

/** How a recipient executed a command (R-CMD-5). */
export type ResultStatus = 'done' | 'failed' | 'refused';

/** The error of a result that is not `done`. */
export interface ResultError {
  readonly code: string;
  readonly message?: string;
}

/** A recipient answers a command (R-CMD-5). */
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

/** Claim: the deadline of a command has passed (R-CMD-6). */
export interface ExpiredEntry extends Placed {
  readonly kind: 'expired';
  readonly epoch: number;
  readonly seq: number;
}

/** The order from before a restart. Its members are away until they resume (R-VIEW-6). */
export interface RestoredEntry extends Placed {
  readonly kind: 'restored';
  readonly seats: readonly KeptSeat[];
}

/** A server of the cluster has stopped, and its sessions have ended. Its members are away until they resume. */
export interface ServerGoneEntry extends Placed {
  readonly kind: 'server-gone';
  readonly server: ServerId;
  /** SERVER_LEFT: the server announced that it leaves. SERVER_LOST: other servers declared it lost. */
  readonly reason: 'SERVER_LEFT' | 'SERVER_LOST';
}

/** The server stops. The order of every group is frozen: no member joins or is promoted, and no command is accepted (R-BYE-2). */
export interface FrozenEntry {
  readonly kind: 'frozen';
  readonly at: number;
}
