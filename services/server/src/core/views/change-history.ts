/** The history of the roster, which the queries of clients read. */

import type { SnapshotRefs } from '../commands/snapshot-refs.js';
import type { RosterChangedEffect } from '../effects.js';
import type { ChangeSnapshot } from '../snapshot.js';

/** The history of a group: the last changes of its roster (R-ASK-1). It is a ring buffer of at most `changesMax` changes. */
export class ChangeHistory {
  readonly #changesMax: number;
  readonly #changes: RosterChangedEffect[] = [];
  /** The index of the oldest change, when the history is full. */
  #oldest = 0;

  constructor(changesMax: number) {
    this.#changesMax = changesMax;
  }

  /** Adds a change. The oldest one is dropped if the history is full. */
  add(change: RosterChangedEffect): void {
    if (this.#changes.length < this.#changesMax) {
      this.#changes.push(change);
      return;
    }
    this.#changes[this.#oldest] = change;
    this.#oldest = (this.#oldest + 1) % this.#changesMax;
  }

  /** Returns the last `limit` changes, newest first. */
  last(limit: number): RosterChangedEffect[] {
    const inOrder = [...this.#changes.slice(this.#oldest), ...this.#changes.slice(0, this.#oldest)];
    return inOrder.slice(-limit).reverse();
  }

  /** Returns the changes as plain values, oldest first. */
  snapshot(refs: SnapshotRefs): ChangeSnapshot[] {
    const inOrder = this.last(this.#changesMax).reverse();
    return inOrder.map(change => changeSnapshot(change, refs));
  }

  /** Loads the changes of a snapshot. The history must be empty. */
  load(changes: readonly ChangeSnapshot[], epoch: number, refs: SnapshotRefs): void {
    for (const change of changes) this.add(changeOf(change, epoch, refs));
  }
}

function changeSnapshot(change: RosterChangedEffect, refs: SnapshotRefs): ChangeSnapshot {
  const { view, seq, at, size, shifted, promoted } = change;
  const { kind, member, rank, reason } = change.cause;
  const cause = { kind, member: refs.numberOf(member), rank, reason };
  return { view, seq, at, size, cause, shifted, promoted };
}

function changeOf(change: ChangeSnapshot, epoch: number, refs: SnapshotRefs): RosterChangedEffect {
  const { view, seq, at, size, shifted, promoted } = change;
  const { kind, member, rank, reason } = change.cause;
  const cause = { kind, member: refs.member(member), rank, reason };
  return { kind: 'roster-changed', epoch, view, seq, at, size, cause, shifted, promoted };
}
