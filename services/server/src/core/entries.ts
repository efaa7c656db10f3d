import type { KeptSeat, MemberId, Newcomer, ServerId, SessionId } from './roster/member.js';

/**
 * What the log holds. An entry carries everything that is not determined by those before it: ids, times, deadlines. It is
 * a wish until it is applied; applying one twice does nothing the second time.
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
  /** When it was proposed: wall clock, ms since 1970. */
  readonly at: number;
}

/** A session said hello and asks for the next rank, or for the seat that it had. */
export interface JoinedEntry extends Placed {
  readonly kind: 'joined';
  readonly newcomer: Newcomer;
  readonly resume: { readonly member: MemberId; readonly secretHash: string } | undefined;
}

/** R-JOIN-6: the first further frame of a session that resumed: the earlier secret is no longer good. */
export interface ConfirmedEntry extends Placed {
  readonly kind: 'confirmed';
  readonly member: MemberId;
  readonly session: SessionId;
}

/** A session on the waitlist is over. */
export interface WaitingLeftEntry extends Placed {
  readonly kind: 'waiting-left';
  readonly session: SessionId;
}

/**
 * A member's session is over. `goodbye`: it said so. `lost`: its own end closed, or it was silent for deadMs; only this has
 * a grace. `ended`: the server ended it, which for rank 0 waits until it has stopped (R-LEAD-1).
 */
export interface DepartedEntry extends Placed {
  readonly kind: 'departed';
  readonly member: MemberId;
  readonly session: SessionId;
  readonly how: 'goodbye' | 'lost' | 'ended';
  /** A code of the error table, or CLOSED: its own end closed the connection. */
  readonly reason: string;
}

/** The grace of an away member has passed, says the server that had its session. */
export interface GraceEndedEntry extends Placed {
  readonly kind: 'grace-ended';
  readonly epoch: number;
  readonly member: MemberId;
}

/** R-LEAD-1: it yielded, or its own end closed, or suspendMs has passed since its last pong came. */
export interface StoppedEntry extends Placed {
  readonly kind: 'stopped';
  readonly epoch: number;
  readonly member: MemberId;
  /** Which ask it answers: an answer to an earlier one has no effect. */
  readonly ask: number;
}

/** Who asks for something with the admin token; the receipt goes to its session. */
export interface Administrator {
  readonly session: SessionId;
  readonly id: string;
  readonly name: string;
}

/** R-ADMIN-1: reassign a member's number. */
export interface MovedEntry extends Placed {
  readonly kind: 'moved';
  readonly by: Administrator;
  readonly id: string;
  readonly member: MemberId;
  readonly rank: number;
}

/** R-ADMIN-1: put a member out. */
export interface RemovedEntry extends Placed {
  readonly kind: 'removed';
  readonly by: Administrator;
  readonly id: string;
  readonly member: MemberId;
  /** In words, for the member. */
  readonly reason: string | undefined;
}

/** Whom a command is aimed at (R-CMD-1). */
export type Target =
  | { readonly kind: 'below' }
  | { readonly kind: 'all' }
  | { readonly kind: 'ranks'; readonly ranks: readonly number[] }
  | { readonly kind: 'members'; readonly members: readonly MemberId[] }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'tags'; readonly tags: Readonly<Record<string, string>> };

/** A payload passes through the core unseen: the JSON text as its sender wrote it. */
export type Payload = string;

/** R-CMD-6: what the sender wants to hear. */
export type Reply = 'outcome' | 'each' | 'none';

/** Whose command it is. An administrator stands above everybody, with rank -1. */
export type CommandSource =
  | { readonly kind: 'member'; readonly member: MemberId; readonly session: SessionId }
  | ({ readonly kind: 'admin' } & Administrator);

/** Somebody orders those below to do something. */
export interface CommandEntry extends Placed {
  readonly kind: 'command';
  readonly from: CommandSource;
  /** Rises with every command of a session; the pair (session, n) is the command's identity in the log. */
  readonly n: number;
  /** The sender's own choice, free again once the command has ended. */
  readonly id: string;
  readonly name: string;
  readonly target: Target;
  readonly deadlineMs: number;
  readonly reply: Reply;
  readonly payload: Payload | undefined;
}

/** An administrator's session is over. */
export interface AdminGoneEntry extends Placed {
  readonly kind: 'admin-gone';
  readonly session: SessionId;
}

export type ResultStatus = 'done' | 'failed' | 'refused';

export interface ResultError {
  readonly code: string;
  readonly message?: string;
}

/** A recipient says how it ended. */
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

/** A command's deadline has passed, says the server that accepted it. */
export interface ExpiredEntry extends Placed {
  readonly kind: 'expired';
  readonly epoch: number;
  readonly seq: number;
}

/** R-VIEW-6: the order of before a restart; its members are away until they resume. */
export interface RestoredEntry extends Placed {
  readonly kind: 'restored';
  readonly seats: readonly KeptSeat[];
}

/** A server of the cluster is no more, and with it every session that it had: its members are away until they resume. */
export interface ServerGoneEntry extends Placed {
  readonly kind: 'server-gone';
  readonly server: ServerId;
  /** It said that it goes, or the others have not heard of it for too long. */
  readonly reason: 'SERVER_LEFT' | 'SERVER_LOST';
}

/** R-BYE-2: the server goes down; from here on every group's order stands still and nothing new is accepted. */
export interface FrozenEntry {
  readonly kind: 'frozen';
  readonly at: number;
}
