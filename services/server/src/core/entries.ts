import type { MemberId, Newcomer } from './member.js';

/**
 * What the log holds. An entry carries everything that is not determined by those before it: ids, times, deadlines. It is
 * a wish until it is applied; applying one twice does nothing the second time.
 */
export type Entry = GroupEntry | FrozenEntry;

/** An entry in the order of one group. */
export type GroupEntry = JoinedEntry | LeftEntry | CommandEntry | ResultEntry | ExpiredEntry;

interface Placed {
  readonly group: string;
  /** When it was proposed: wall clock, ms since 1970. */
  readonly at: number;
}

/** A session said hello and asks for the next rank. */
export interface JoinedEntry extends Placed {
  readonly kind: 'joined';
  readonly newcomer: Newcomer;
}

/** A member said goodbye, its connection closed, it fell silent, or the server ended its session. */
export interface LeftEntry extends Placed {
  readonly kind: 'left';
  readonly member: MemberId;
  /** A code of the error table, or CLOSED: its own end closed the connection. */
  readonly reason: string;
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

/** A member orders those below it to do something. */
export interface CommandEntry extends Placed {
  readonly kind: 'command';
  readonly member: MemberId;
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

export type ResultStatus = 'done' | 'failed' | 'refused';

export interface ResultError {
  readonly code: string;
  readonly message?: string;
}

/** A recipient says how it ended. */
export interface ResultEntry extends Placed {
  readonly kind: 'result';
  readonly member: MemberId;
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

/** R-BYE-2: the server goes down; from here on every group's order stands still and nothing new is accepted. */
export interface FrozenEntry {
  readonly kind: 'frozen';
  readonly at: number;
}
