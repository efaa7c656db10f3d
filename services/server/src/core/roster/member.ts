/** A member's id, minted before it joins and never used again. */
export type MemberId = string;

/** One connection to one server. In a cluster it begins with its server's id and a slash. */
export type SessionId = string;

/** One life of one server of a cluster: a server that starts anew has another. */
export type ServerId = string;

/**
 * `lost`: its own end closed, or it was silent. `restart`, `server`: the server that it was connected to is no more. `contest`:
 * the session that closed had taken a contested seat: its member may still be there, at the session that had it before.
 */
export type AwayBecause = 'lost' | 'restart' | 'server' | 'contest';

/**
 * Where a member stands. `away`: its connection is lost and its place is kept (R-VIEW-4), or it has yet to come back after a
 * restart (R-VIEW-6) or the loss of its server. `gone`: it left, or went after the order froze.
 */
export type Presence =
  | { readonly kind: 'present'; readonly session: SessionId }
  | { readonly kind: 'away'; readonly since: number; readonly because: AwayBecause }
  | { readonly kind: 'gone' };

/** Who sent a command, as its recipients are told; rank -1 is an administrator. */
export interface CommandSender {
  readonly id: string;
  readonly name: string;
  readonly rank: number;
}

/** Whoever sends commands: a member, or an administrator's session. */
export interface Commander {
  readonly id: string;
  readonly name: string;
  presence: Presence;
  /** The number of its last command in the log: one that is not larger has been applied already. */
  lastCommand: number;
  /** How its recipients are told who it is; the same object while its rank is the same. */
  sender: CommandSender | undefined;
  /** What is left of RANKD_COMMANDS_PER_SECOND, in thousandths of a command, and when it was counted. */
  allowance: { readonly thousandths: number; readonly at: number } | undefined;
}

/** The hashes of the secrets that take back a seat (R-JOIN-6). */
export interface SeatSecrets {
  readonly current: string;
  /** Good until the session that got the current one has shown that it did. */
  readonly earlier: string | undefined;
  /** The earlier one was shown while another session held the seat: which of the two sessions is its member's, nobody knows. */
  readonly isContested: boolean;
}

/** An admitted participant. */
export interface Member extends Commander {
  readonly tags: Readonly<Record<string, string>>;
  /** Of its last session. */
  address: string;
  /** Wall clock, ms since 1970. */
  readonly joinedAt: number;
  /** The smallest number that was free on admission. */
  readonly slot: number;
  secrets: SeatSecrets;
  /** Where it stands among all who were ever in the order; for the roster alone. */
  place: number;
}

/** What a newcomer says of itself, with the hash of the secret that it will be given. */
export interface Newcomer {
  readonly id: MemberId;
  readonly session: SessionId;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly address: string;
  readonly secretHash: string;
}

/** A place in the order as it was kept over a restart (R-VIEW-6). */
export interface KeptSeat {
  readonly id: MemberId;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly address: string;
  readonly joinedAt: number;
  readonly slot: number;
  readonly secretHash: string;
}

/** What it takes to give the seat back when the order begins anew (R-VIEW-6); of the secret, only its hash. */
export function seatOf({ id, name, tags, address, joinedAt, slot, secrets }: Member): KeptSeat {
  return { id, name, tags, address, joinedAt, slot, secretHash: secrets.current };
}

/** The session that hears for `commander`, if it has one now. */
export function sessionOf(commander: Commander): SessionId | undefined {
  return commander.presence.kind === 'present' ? commander.presence.session : undefined;
}

/** Is this session one of that server's? */
export function isServedBy(session: SessionId, server: ServerId): boolean {
  return session.startsWith(`${server}/`);
}

export function newCommander(id: string, name: string, presence: Presence): Commander {
  return { id, name, presence, lastCommand: 0, sender: undefined, allowance: undefined };
}
