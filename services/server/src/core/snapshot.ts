import type { Cause, EndedStatus, MissingRecipient } from './effects.js';
import type { MovedEntry, RemovedEntry, Reply } from './entries.js';
import type { Commander, KeptSeat, Newcomer, Presence, SessionId } from './roster/member.js';
import type { RankRange } from './roster/rank-range.js';

/**
 * The state of the core as plain values, from which a server that starts goes on with the entries that follow. Survives JSON:
 * a field that is absent is undefined, and no number is infinite. Coordinators that applied the same entries write the same
 * text, byte for byte, whether or not they began from a snapshot themselves.
 */
export interface CoordinatorSnapshot {
  readonly epochLast: number;
  readonly frozen: boolean;
  /** In the order of their creation. */
  readonly groups: readonly GroupSnapshot[];
}

export interface GroupSnapshot {
  readonly name: string;
  /** R-BYE-2 */
  readonly frozen: boolean;
  /** Whoever the rest speaks of, each once: members by rank, then those that are only spoken of. */
  readonly commanders: readonly CommanderSnapshot[];
  readonly order: VersionedRosterSnapshot;
  /** First come first. */
  readonly waiting: readonly Newcomer[];
  readonly handover: HandoverSnapshot;
  readonly commanding: CommandProcessorSnapshot;
}

/** Where a commander stands in its group's `commanders`. */
export type CommanderNumber = number;

export interface CommanderSnapshot {
  readonly id: string;
  readonly name: string;
  readonly presence: Presence;
  readonly lastCommand: number;
  readonly allowance?: Commander['allowance'];
  /** Of members; an administrator has none. */
  readonly seat?: SeatSnapshot;
}

export interface SeatSnapshot extends Pick<KeptSeat, 'tags' | 'address' | 'joinedAt' | 'slot'> {
  readonly secrets: { readonly current: string; readonly earlier?: string | undefined; readonly isContested?: boolean };
}

export interface VersionedRosterSnapshot {
  readonly epoch: number;
  readonly view: number;
  readonly seq: number;
  readonly leader?: CommanderNumber | undefined;
  readonly leaderView: number;
  /** By rank. */
  readonly roster: readonly CommanderNumber[];
  /** Oldest first. */
  readonly history: readonly ChangeSnapshot[];
}

/** A `roster-changed` of this epoch. */
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

export interface HandoverSnapshot {
  readonly leader?: CommanderNumber | undefined;
  readonly held: readonly PendingDecisionSnapshot[];
  readonly asks: number;
}

export type PendingDecisionSnapshot =
  | { readonly kind: 'move'; readonly entry: MovedEntry }
  | { readonly kind: 'remove'; readonly entry: RemovedEntry }
  | { readonly kind: 'end'; readonly member: CommanderNumber; readonly reason: string };

export interface CommandProcessorSnapshot {
  /** Administrators whose session is not over, first come first. */
  readonly admins: readonly { readonly session: SessionId; readonly commander: CommanderNumber }[];
  /** By seq. */
  readonly open: readonly OpenCommandSnapshot[];
}

export interface OpenCommandSnapshot {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly commander: CommanderNumber;
  /** Its rank at the command's place in the order; -1: an administrator. */
  readonly rank: number;
  readonly session: SessionId;
  readonly reply: Exclude<Reply, 'none'>;
  readonly acceptedAt: number;
  readonly deadlineMs: number;
  readonly recipients: number;
  /** Recipients that have yet to end, with their ranks at the command's place in the order. */
  readonly awaited: readonly (readonly [CommanderNumber, rank: number])[];
  readonly missing: readonly {
    readonly member: CommanderNumber;
    readonly rank: number;
    readonly status: MissingRecipient['status'];
  }[];
  readonly counts: Readonly<Record<EndedStatus, number>>;
}
