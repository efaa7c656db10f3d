import type { Cause, EndedStatus, MissingRecipient } from './effects.js';
import type { MovedEntry, RemovedEntry, Reply } from './entries.js';
import type { Commander, KeptSeat, Newcomer, Presence, SessionId } from './roster/member.js';
import type { RankRange } from './roster/rank-range.js';

/**
 * The state of the core as plain values. A server that starts from it continues with the entries that follow. It survives JSON: an
 * absent field is undefined, and no number is infinite. Coordinators that have applied the same entries produce the same JSON text, byte
 * for byte, also if one of them has started from a snapshot.
 */
export interface CoordinatorSnapshot {
  readonly epochLast: number;
  readonly frozen: boolean;
  /** The groups in the order of their creation. */
  readonly groups: readonly GroupSnapshot[];
}

/** The state of one group. */
export interface GroupSnapshot {
  readonly name: string;
  /** Whether the order is frozen (R-BYE-2). */
  readonly frozen: boolean;
  /** All members and administrators that the other fields refer to: members by rank, then the others. */
  readonly commanders: readonly CommanderSnapshot[];
  readonly order: VersionedRosterSnapshot;
  /** The waitlist, in order. */
  readonly waiting: readonly Newcomer[];
  readonly handover: HandoverSnapshot;
  readonly commanding: CommandProcessorSnapshot;
}

/** The index of a commander in its group's `commanders`. */
export type CommanderNumber = number;

/** A member or an administrator, as the snapshot stores it. */
export interface CommanderSnapshot {
  readonly id: string;
  readonly name: string;
  readonly presence: Presence;
  readonly lastCommand: number;
  readonly allowance?: Commander['allowance'];
  /** The seat of a member; undefined for an administrator. */
  readonly seat?: SeatSnapshot;
}

/** The fields that a member has and an administrator has not. */
export interface SeatSnapshot extends Pick<KeptSeat, 'tags' | 'address' | 'joinedAt' | 'slot'> {
  readonly secrets: { readonly current: string; readonly earlier?: string | undefined; readonly isContested?: boolean };
}

/** The roster with its numbers and its last changes. */
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

/** A `roster-changed` effect of this epoch. */
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

/** The decisions that wait for a leader to stop, and the number of the last request to stop. */
export interface HandoverSnapshot {
  readonly leader?: CommanderNumber | undefined;
  readonly held: readonly PendingDecisionSnapshot[];
  readonly asks: number;
}

/** One decision that waits for a leader to stop. */
export type PendingDecisionSnapshot =
  | { readonly kind: 'move'; readonly entry: MovedEntry }
  | { readonly kind: 'remove'; readonly entry: RemovedEntry }
  | { readonly kind: 'end'; readonly member: CommanderNumber; readonly reason: string };

/** The administrators and the open commands of a group. */
export interface CommandProcessorSnapshot {
  /** Administrators with a session, in the order of their first command. */
  readonly admins: readonly { readonly session: SessionId; readonly commander: CommanderNumber }[];
  /** The open commands by seq. */
  readonly open: readonly OpenCommandSnapshot[];
}

/** A command without an outcome. */
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
  /** The recipients that have not ended, with their ranks when the command was accepted. */
  readonly awaited: readonly (readonly [CommanderNumber, rank: number])[];
  readonly missing: readonly {
    readonly member: CommanderNumber;
    readonly rank: number;
    readonly status: MissingRecipient['status'];
  }[];
  readonly counts: Readonly<Record<EndedStatus, number>>;
}
