/** The port to the log of entries. A single server and a cluster implement it differently. */

import type { Feature } from '@rankd/protocol';
import type { Effect, Entry, Group, SessionId } from '../core/index.js';

/** Which server appended an entry: this one (`here`) or another one (`elsewhere`). */
export type Origin = 'here' | 'elsewhere';

/** Whether this server follows the log of a group: it applies every entry of the group. */
export type AcquireResult = 'reached' | 'unreachable';

/** Receives an applied entry and its effects before the next entry is applied. */
export type AppliedListener = (entry: Entry, effects: readonly Effect[], origin: Origin) => void;

/** The groups that this server follows, in their state after the last applied entry. Callers must not change them. */
export interface Groups {
  get(name: string): Group | undefined;
  values(): Iterable<Group>;
}

/** Which sessions must wait for slow sessions of one server (R-FLOW-1). */
export interface WaitingSessions {
  /** The sessions of other servers that send commands to slow sessions of this server. */
  readonly senders: readonly SessionId[];
  /** The sessions of this server that read their results slowly. */
  readonly askers: readonly SessionId[];
}

/** A place in the log of a group, between two records. */
export interface LogPlace {
  readonly epoch: number;
  readonly seq: number;
}

/** The port through which the servers of a cluster announce which sessions must wait (R-FLOW-1). */
export interface FlowExchange {
  /** Announces which sessions must wait for slow sessions of this server. Replaces the earlier announcement. */
  announce(waiting: WaitingSessions): void;
  /** Sets the listener. It is called when the answers of the other servers have changed. Must be called once. */
  onChanged(listener: () => void): void;
  /** Whether this server applies entries late, so that senders at all servers should wait. */
  readonly isBehind: boolean;
  /**
   * Returns the place in the log after the last entry of the group that this server has applied. Undefined if it does not follow the group.
   */
  placeOf(group: string): LogPlace | undefined;
  /** Whether each server that follows the log of the group has reported that it has applied what is before the place. */
  isAppliedByAll(group: string, place: LogPlace): boolean;
  /** The last announcement of each other server. */
  readonly others: Iterable<WaitingSessions>;
}

/**
 * The port to the log of entries. An appended entry is a proposal: nothing acts on it before the log has applied it and has called the
 * applied listener. Every server that follows the log of a group applies the same entries in the same order.
 */
export interface OrderedLog {
  readonly groups: Groups;
  /** Appends an entry. The log applies it now or later. It never applies the entry if this server cannot reach the log. */
  append(entry: Entry): void;
  /**
   * Follows the log of a group until releaseGroup(). Calls `then` with `reached` when this server has all entries of the group, or with
   * `unreachable` after a time limit. Calls it at once if the server follows the group already.
   */
  acquireGroup(group: string, then: (result: AcquireResult) => void): void;
  /** Returns the features that the log of a group can record. This server must follow the log. */
  featuresOf(group: string): readonly Feature[];
  /**
   * Waits until every other server with sessions in the group has appended an entry after this call, or has left. Calls `then` with
   * `reached` then. Calls it with `unreachable` after a time limit.
   */
  awaitServersOf(group: string, then: (result: AcquireResult) => void): void;
  /** Ends one acquireGroup(). */
  releaseGroup(group: string): void;
  /**
   * Whether the applied entries are up to date. In a cluster: whether the log has recently acknowledged a write of this server, so that
   * only entries since then can be missing.
   */
  isCurrent(): boolean;
  /**
   * Freezes the order because this server stops (R-BYE-2). Does nothing if other servers continue the order. `at` is the time in
   * milliseconds since 1970.
   */
  freezeOrder(at: number): void;
  /** Sets the listener of applied entries. Must be called once, before the first append. */
  onApplied(listener: AppliedListener): void;
  /**
   * Sets the listener of groups that exist when this server starts to follow their log. The listener is called before the next entry of the
   * group is applied, because that entry may already delete the group. Must be called once, before the first append.
   */
  onGroupLoaded(listener: (group: Group) => void): void;
  /**
   * Sets the listener of groups that this server stops following, because no session of this server needs them. The listener receives all
   * groups of a shard together. Must be called once, before the first append.
   */
  onGroupsUnloaded(listener: (groups: readonly Group[]) => void): void;
}
