import type { Coordinator, Effect, Entry } from '../core/index.js';

/** Performs what an entry brought about, before the next one is applied. */
export type Performer = (entry: Entry, effects: readonly Effect[]) => void;

/**
 * The port to the one order of entries. `append` proposes; nobody acts on an entry before it comes back through the
 * performer, in memory as well. Whatever keeps the order, every server that reads it applies the same entries alike.
 */
export interface OrderedLog {
  /** The state after the last entry that was performed or is being performed. Read, never changed, from outside. */
  readonly coordinator: Coordinator;
  append(entry: Entry): void;
  /** Set once, before the first append. */
  onApplied(perform: Performer): void;
}
