/** A member of a group: its ids, its presence, its seat and its secrets. */

/** A member's id. It is created before the member joins and is never used again. */
export type MemberId = string;

/** The id of a session. In a cluster it begins with the id of its server and a slash. */
export type SessionId = string;

/** The id of one incarnation of a server in a cluster. */
export type ServerId = string;

/**
 * Why a member is away. `lost`: its end has closed, or it was silent. `restart`: its server has restarted. `server`: its server has left
 * the cluster or is lost. `contest`: the closed session had taken a contested seat, so the member may still use the session before.
 */
export type AwayBecause = 'lost' | 'restart' | 'server' | 'contest';

/**
 * Whether a member is connected. `away`: its connection is lost and its seat is kept (R-VIEW-4), or it has not resumed since a restart
 * (R-VIEW-6) or the loss of its server. `gone`: it has left, or its session has ended after the order was frozen.
 */
export type Presence =
  | { readonly kind: 'present'; readonly session: SessionId }
  | { readonly kind: 'away'; readonly since: number; readonly because: AwayBecause }
  | { readonly kind: 'gone' };

/** The sender of a command, as its recipients see it. An administrator has rank -1. */
export interface CommandSender {
  readonly id: string;
  readonly name: string;
  readonly rank: number;
}

/** A participant that can send commands: a member, or an administrator's session. */
export interface Commander {
  readonly id: string;
  readonly name: string;
  presence: Presence;
  /** The number of its last applied command. A command with a number up to this one was applied already. */
  lastCommand: number;
  /** The cached sender object of its commands. It is the same object while its rank is the same. */
  sender: CommandSender | undefined;
  /** The remaining allowance of RANKD_COMMANDS_PER_SECOND at the time `at`, in thousandths of a command. */
  allowance: { readonly thousandths: number; readonly at: number } | undefined;
}

/** The hashes of the secrets with which a session can resume a seat (R-JOIN-6). */
export interface SeatSecrets {
  readonly current: string;
  /** The secret before the current one. It is valid until the session has confirmed that it has the current one. */
  readonly earlier: string | undefined;
  /** Whether the earlier secret was used while another session had the seat. The server cannot know which session is the member's. */
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
  /** Its index in the RankIndex; only the roster uses it. */
  place: number;
}

/** The data of a new session from its `hello`, and the hash of the secret that its `welcome` will contain. */
export interface Newcomer {
  readonly id: MemberId;
  readonly session: SessionId;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly address: string;
  readonly secretHash: string;
}

/** A seat that is kept over a restart (R-VIEW-6). */
export interface KeptSeat {
  readonly id: MemberId;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly address: string;
  readonly joinedAt: number;
  readonly slot: number;
  readonly secretHash: string;
}

/** Returns the data that restores a member's seat after a restart (R-VIEW-6). It contains the hash of the secret only. */
export function seatOf({ id, name, tags, address, joinedAt, slot, secrets }: Member): KeptSeat {
  return { id, name, tags, address, joinedAt, slot, secretHash: secrets.current };
}

/** Returns the present session of `commander`, if it has one. */
export function sessionOf(commander: Commander): SessionId | undefined {
  return commander.presence.kind === 'present' ? commander.presence.session : undefined;
}

/** Whether this session is connected to that server. */
export function isServedBy(session: SessionId, server: ServerId): boolean {
  return session.startsWith(`${server}/`);
}

/** Creates a commander that has sent no command. */
export function newCommander(id: string, name: string, presence: Presence): Commander {
  return { id, name, presence, lastCommand: 0, sender: undefined, allowance: undefined };
}
