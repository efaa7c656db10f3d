/** Snapshots: the state of the core as plain values, from which a server can continue without the earlier entries. */

import type { Cause, EndedStatus, MissingRecipient } from './effects.js';
import type { MovedEntry, RemovedEntry, Reply } from './entries.js';
import type { EpochClaims } from './membership/epoch-claim.js';
import type { Commander, KeptSeat, Newcomer, Presence, SessionId, Timekeeper } from './roster/member.js';
import type { RankRange } from './roster/rank-range.js';

/**
 * The state of all groups. A server that starts from a snapshot continues with the entries that follow it. JSON can represent it: an absent
 * field is undefined, and every number is finite. Coordinators that have applied the same entries produce the same JSON text, byte for
 * byte. This also holds for a coordinator that started from a snapshot.
 */
export interface CoordinatorSnapshot {
  readonly epochLast: number;
  readonly frozen: boolean;
  readonly timekeeper: Timekeeper;
  /** The start of the server that started last, in milliseconds since 1970. 0 if the log contains no start. */
  readonly startLast: number;
  /** The groups in the order of their creation. */
  readonly groups: readonly GroupSnapshot[];
}

/** The state of one group. */
export interface GroupSnapshot {
  readonly name: string;
  /** Whether the order is frozen (R-BYE-2). */
  readonly frozen: boolean;
  /** All members and administrators to which the other fields refer: members by rank, then the others. */
  readonly commanders: readonly CommanderSnapshot[];
  readonly order: VersionedRosterSnapshot;
  /** The number of the last absence. 0 before the first one. */
  readonly absences: number;
  /** Whether the group may begin another epoch because of a hello (R-JOIN-1). */
  readonly epochClaims: EpochClaims;
  /** The waitlist, in order. */
  readonly waiting: readonly Newcomer[];
  readonly handover: HandoverSnapshot;
  readonly commanding: CommandProcessorSnapshot;
}

/** The index of a commander in its group's `commanders`. */
export type CommanderNumber = number;

/** A member or an administrator. */
export interface CommanderSnapshot {
  readonly id: string;
  readonly name: string;
  readonly presence: Presence;
  readonly lastCommand: number;
  readonly allowance?: Commander['allowance'];
  /** The seat of a member; undefined for an administrator. */
  readonly seat?: SeatSnapshot;
}

/** The fields that only a member has. */
export interface SeatSnapshot extends Pick<KeptSeat, 'tags' | 'address' | 'joinedAt' | 'slot'> {
  readonly secrets: { readonly current: string; readonly earlier?: string | undefined; readonly isContested?: boolean };
}

/** The roster with its epoch, view and seq, and its last changes. */
export interface VersionedRosterSnapshot {
  readonly epoch: number;
  readonly view: number;
  readonly seq: number;
  readonly leader?: CommanderNumber | undefined;
  readonly leaderView: number;
  /** The members by rank. */
  readonly roster: readonly CommanderNumber[];
  /** The last changes, oldest first. */
  readonly history: readonly ChangeSnapshot[];
}

/** A `roster-changed` effect of the snapshot's epoch. */
export interface ChangeSnapshot {
  readonly view: number;
  readonly seq: number;
  readonly at: number;
  readonly size: number;
  readonly cause: {
    readonly kind: Cause['kind'];
    readonly member: CommanderNumber;
    readonly rank: number;
    readonly reason?: string | undefined;
  };
  readonly shifted: RankRange;
  readonly promoted: number;
}

/** The decisions that wait until a leader has stopped (R-LEAD-1). */
export interface HandoverSnapshot {
  readonly leader?: CommanderNumber | undefined;
  readonly held: readonly PendingDecisionSnapshot[];
  /** The number of the last request to stop. */
  readonly asks: number;
}

/** One decision that waits until a leader has stopped. */
export type PendingDecisionSnapshot =
  | { readonly kind: 'move'; readonly entry: MovedEntry }
  | { readonly kind: 'remove'; readonly entry: RemovedEntry }
  | { readonly kind: 'end'; readonly member: CommanderNumber; readonly reason: string };

/** The administrators and the open commands of a group. */
export interface CommandProcessorSnapshot {
  /** The administrators that have a session, in the order of their first command. */
  readonly admins: readonly { readonly session: SessionId; readonly commander: CommanderNumber }[];
  /** The open commands by seq. */
  readonly open: readonly OpenCommandSnapshot[];
}

/** A command without an outcome. `acceptedAt` is a wall time in milliseconds since 1970, which only servers of release 0.1 read. */
export interface OpenCommandSnapshot {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly commander: CommanderNumber;
  /** The sender's rank when the command was accepted; -1 for an administrator. */
  readonly rank: number;
  readonly session: SessionId;
  readonly reply: Exclude<Reply, 'none'>;
  readonly acceptedAt: number;
  readonly deadlineMs: number;
  readonly recipients: number;
  /** The recipients whose results are awaited, with their ranks when the command was accepted. */
  readonly awaited: readonly (readonly [CommanderNumber, rank: number])[];
  readonly missing: readonly {
    readonly member: CommanderNumber;
    readonly rank: number;
    readonly status: MissingRecipient['status'];
    readonly code?: string | undefined;
  }[];
  readonly counts: Readonly<Record<EndedStatus, number>>;
}
