import type { Effect, Entry, Group } from '../core/index.js';

/** Whose entry it was: proposed by this server's gateway, or by another's. */
export type Origin = 'here' | 'elsewhere';

/** Whether it is read here what becomes of a group. */
export type ReachResult = 'reached' | 'unreachable';

/** Performs what an entry brought about, before the next one is applied. */
export type AppliedListener = (entry: Entry, effects: readonly Effect[], origin: Origin) => void;

/** The groups that exist after the last entry that was performed or is being performed. Read, never changed, from outside. */
export interface Groups {
  get(name: string): Group | undefined;
  values(): Iterable<Group>;
}

/**
 * The port to the one order of entries. `append` proposes; nobody acts on an entry before it comes back through the
 * performer, in memory as well. Whatever keeps the order, every server that reads it applies the same entries alike.
 */
export interface OrderedLog {
  readonly groups: Groups;
  append(entry: Entry): void;
  /**
   * Somebody needs this group until release(). Calls back once what is performed tells of it, at once where it does already;
   * `unreachable` where that takes too long.
   */
  reach(group: string, then: (reached: ReachResult) => void): void;
  release(group: string): void;
  /** Does what has been performed certainly tell how things stand, give or take the time that servers need to notice a loss? */
  isCurrent(): boolean;
  /** R-BYE-2: this server goes down. */
  freeze(at: number): void;
  /** Set once, before the first append. */
  onApplied(perform: AppliedListener): void;
  /** Set once, as that: is told of each group that stands before the first entry is performed, which may be its last one. */
  onFound(take: (group: Group) => void): void;
  /** Set once, as that: is told of groups of which it tells no more, because nobody here needs them; all that it told of together. */
  onLeft(drop: (groups: readonly Group[]) => void): void;
}
