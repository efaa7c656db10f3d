/** The port to the log of entries, for a single server and for a cluster. */

import type { Effect, Entry, Group } from '../core/index.js';

/** Which server has appended an entry: this one (`here`) or another one. */
export type Origin = 'here' | 'elsewhere';

/** Whether this server follows the log of a group. */
export type AcquireResult = 'reached' | 'unreachable';

/** Receives an applied entry and its effects, before the next entry is applied. */
export type AppliedListener = (entry: Entry, effects: readonly Effect[], origin: Origin) => void;

/** Read access to the groups that this server follows, in their state after the last applied entry. */
export interface Groups {
  get(name: string): Group | undefined;
  values(): Iterable<Group>;
}

/**
 * The port to the log of entries. Appending an entry is a proposal: nothing acts on an entry before the log has applied it and has
 * called the applied listener. Every server that follows a log applies the same entries in the same order.
 */
export interface OrderedLog {
  readonly groups: Groups;
  /** Proposes an entry. */
  append(entry: Entry): void;
  /**
   * Follows the log of a group until releaseGroup(). Calls `then` with `reached` when this server follows it (immediately if it does
   * already), or with `unreachable` after a time limit.
   */
  acquireGroup(group: string, then: (result: AcquireResult) => void): void;
  /** Ends one acquireGroup(). */
  releaseGroup(group: string): void;
  /**
   * Whether the applied entries are certainly up to date, except for the time that servers need to notice the loss of a server.
   */
  isCurrent(): boolean;
  /** Freezes the order because this server stops, if the order ends with this server (R-BYE-2). `at` is the time in milliseconds. */
  freezeOrder(at: number): void;
  /** Sets the listener of applied entries. Call it once, before the first append. */
  onApplied(listener: AppliedListener): void;
  /**
   * Sets the listener of groups that exist when this server starts to follow their log. It is called before the first entry of the
   * group is applied, which may be the last one. Call it once, before the first append.
   */
  onGroupLoaded(listener: (group: Group) => void): void;
  /**
   * Sets the listener of groups that this server stops to follow because no session here needs them. It receives all groups of a
   * shard together. Call it once, before the first append.
   */
  onGroupsUnloaded(listener: (groups: readonly Group[]) => void): void;
}
