/** The roster of a group with the numbers that identify its states: epoch, view and seq. */

import type { SnapshotRefs } from '../commands/snapshot-refs.js';
import type { Cause, RosterChangedEffect } from '../effects.js';
import type { VersionedRosterSnapshot } from '../snapshot.js';
import { ChangeHistory } from '../views/change-history.js';
import type { Member } from './member.js';
import type { RankRange } from './rank-range.js';
import { Roster } from './roster.js';

/** A range without ranks. */
export const noRanks: RankRange = { from: 0, to: 0 };

/**
 * The roster with its epoch, view and seq (docs/protocol.md, Glossary). The epoch is the number of this run of the group's order. The view is the
 * number of the roster's present state; every change of the roster increments it. The seq is the number of the last change or accepted
 * command.
 */
export class VersionedRoster {
  readonly epoch: number;
  readonly roster = new Roster();
  readonly history: ChangeHistory;
  #view = 0;
  #seq = 0;
  #leader: Member | undefined;
  #leaderView = 0;

  /** The history keeps the last `historyMax` changes. */
  constructor(epoch: number, historyMax: number) {
    this.epoch = epoch;
    this.history = new ChangeHistory(historyMax);
  }

  get view(): number {
    return this.#view;
  }

  get seq(): number {
    return this.#seq;
  }

  /**
   * The view in which the present leader became rank 0. With the epoch it is the leader's fencing token. A resource that checks the token
   * refuses the requests of an earlier leader (docs/protocol.md, Glossary).
   */
  get leaderView(): number {
    return this.#leaderView;
  }

  /** Increments seq for an accepted command. Returns the new seq. */
  nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  /**
   * Assigns a new view and seq to the changed roster, and adds the change to the history. `shifted` is the range of ranks whose members had
   * another rank before. `promoted` is the number of members that moved up. Returns the effect that describes the change.
   */
  recordChange(cause: Cause, at: number, shifted: RankRange, promoted: number): RosterChangedEffect {
    this.#view += 1;
    this.#seq += 1;
    const { epoch, view, seq } = this;
    const { size, leader } = this.roster;
    if (leader !== this.#leader) {
      this.#leader = leader;
      this.#leaderView = view;
    }
    const change = { kind: 'roster-changed', epoch, view, seq, at, size, cause, shifted, promoted } as const;
    this.history.add(change);
    return change;
  }

  /** Returns the state as plain values. */
  snapshot(refs: SnapshotRefs): VersionedRosterSnapshot {
    // Number the roster first, so that the number of each member is its rank.
    const roster = this.roster.slice().map(member => refs.numberOf(member));
    const history = this.history.snapshot(refs);
    const leader = this.#leader && refs.numberOf(this.#leader);
    return {
      epoch: this.epoch,
      view: this.#view,
      seq: this.#seq,
      leader,
      leaderView: this.#leaderView,
      roster,
      history,
    };
  }

  /**
   * Loads a snapshot. The roster must be empty.
   * @throws InvariantError if the snapshot refers to a member that it does not contain.
   */
  load({ view, seq, leader, leaderView, roster, history }: VersionedRosterSnapshot, refs: SnapshotRefs): void {
    this.#view = view;
    this.#seq = seq;
    this.#leader = leader === undefined ? undefined : refs.member(leader);
    this.#leaderView = leaderView;
    this.roster.load(roster.map(number => refs.member(number)));
    this.history.load(history, this.epoch, refs);
  }
}
