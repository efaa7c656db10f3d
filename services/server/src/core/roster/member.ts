/** A member of a group: its ids, its presence, its seat and its secrets. */

/** The id of a member. It is created before the member joins and is never used again. */
export type MemberId = string;

/** The id of a session: one connection. In a cluster it begins with the id of its server and a slash. */
export type SessionId = string;

/** The id of an incarnation: one run of a server in a cluster. */
export type ServerId = string;

/**
 * Why a member is away.
 * - `lost`: the client closed the connection, or was silent for deadMs.
 * - `restart`: its server has restarted.
 * - `server`: its server has left the cluster or is lost.
 * - `contest`: the closed session had resumed the seat with the earlier secret, so the member may still use the session that had the seat
 *   before.
 */
export type AwayBecause = 'lost' | 'restart' | 'server' | 'contest';

/**
 * Whether a member is connected.
 * - `present`: it has a session.
 * - `away`: it has no session, and its seat is kept (R-VIEW-4, R-VIEW-6).
 * - `gone`: it has left, or its session ended after the order was frozen.
 */
export type Presence =
  { readonly kind: 'present'; readonly session: SessionId } | AwayPresence | { readonly kind: 'gone' };

/** The presence of a member that is away. In format 1 of the log it is a TimedAway. */
export type AwayPresence = NumberedAway | TimedAway;

/**
 * An absence without a time. Each server measures it by its own monotonic clock, from the moment at which that server applies the beginning
 * of the absence.
 */
export interface NumberedAway {
  readonly kind: 'away';
  readonly because: AwayBecause;
  /** The number of this absence. It increases with each absence in the group. */
  readonly absence: number;
  /** For how long after the beginning the member may still act on its rank; absent: suspendMs (R-LEAD-1). */
  readonly mayActMs?: number;
}

/** An absence that is measured by the wall times of entries (`format-one-rules.ts`). `since` is in milliseconds since 1970. */
export interface TimedAway {
  readonly kind: 'away';
  readonly since: number;
  readonly because: AwayBecause;
}

/**
 * Who measures durations.
 * - `servers`: each server, by its monotonic clock. The core decides whether their claims still hold.
 * - `entries`: the core compares the wall times of entries. Format 1 of the log needs this.
 */
export type Timekeeper = 'servers' | 'entries';

/** The sender of a command as its recipients see it. An administrator has rank -1. */
export interface CommandSender {
  readonly id: string;
  readonly name: string;
  readonly rank: number;
}

/** How many commands the rate limit allowed at the time `at`, in thousandths of a command. */
export interface Allowance {
  readonly thousandths: number;
  /** Milliseconds since the hello of `session`. Without `session`, in format 1 of the log: wall time in milliseconds since 1970. */
  readonly at: number;
  readonly session?: SessionId;
}

/** A sender of commands: a member, or the session of an administrator. */
export interface Commander {
  readonly id: string;
  readonly name: string;
  presence: Presence;
  /** The number of its last applied command. A command with this number or a smaller one was applied before. */
  lastCommand: number;
  /** The cached sender object for its commands. A new one is created only when its rank changes. */
  sender: CommandSender | undefined;
  /** What the rate limit allowed after the last command. Undefined before the first one. */
  allowance: Allowance | undefined;
}

/** The hashes of the secrets with which a session can resume a seat (R-JOIN-6). */
export interface SeatSecrets {
  readonly current: string;
  /** The secret before the current one. It is valid until a session confirms that it has the current one. */
  readonly earlier: string | undefined;
  /**
   * Whether the earlier secret was used while another session had the seat. The server then cannot know which of the two sessions the
   * member uses.
   */
  readonly isContested: boolean;
}

/** An admitted participant. */
export interface Member extends Commander {
  readonly tags: Readonly<Record<string, string>>;
  /** The address of its last session. */
  address: string;
  /** The time of admission: wall time in milliseconds since 1970. */
  readonly joinedAt: number;
  /** The smallest number that was free at admission. */
  readonly slot: number;
  secrets: SeatSecrets;
  /** The member's place in the RankIndex. Only the roster uses it. */
  place: number;
}

/** A new session: the data of its `hello`, and the hash of the secret that its `welcome` will contain. */
export interface Newcomer {
  readonly id: MemberId;
  readonly session: SessionId;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly address: string;
  readonly secretHash: string;
}

/** A seat as it is kept over a restart (R-VIEW-6). */
export interface KeptSeat {
  readonly id: MemberId;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly address: string;
  readonly joinedAt: number;
  readonly slot: number;
  readonly secretHash: string;
}

/**
 * Returns the data from which a member's seat is restored after a restart (R-VIEW-6). It contains the hash of the secret, not the secret.
 */
export function seatOf({ id, name, tags, address, joinedAt, slot, secrets }: Member): KeptSeat {
  return { id, name, tags, address, joinedAt, slot, secretHash: secrets.current };
}

/** Returns the session of `commander`, or undefined if it has none. */
export function sessionOf(commander: Commander): SessionId | undefined {
  return commander.presence.kind === 'present' ? commander.presence.session : undefined;
}

/** Returns for how long after the beginning of its absence a member may still act on its rank (R-LEAD-1), in milliseconds. */
export function mayActMsOf({ mayActMs }: NumberedAway, { suspendMs }: { readonly suspendMs: number }): number {
  return mayActMs ?? suspendMs;
}

/** Whether the absence of a member is measured by wall times, as format 1 of the log does. False if it is not away. */
export function isTimed({ presence }: Member): boolean {
  return presence.kind === 'away' && 'since' in presence;
}

/** Whether the session is connected to this server of the cluster. */
export function isServedBy(session: SessionId, server: ServerId): boolean {
  return session.startsWith(`${server}/`);
}

/** Creates a commander that has sent no command. */
export function newCommander(id: string, name: string, presence: Presence): Commander {
  return { id, name, presence, lastCommand: 0, sender: undefined, allowance: undefined };
}
