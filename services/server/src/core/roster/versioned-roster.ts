import type { SnapshotRefs } from '../commands/snapshot-refs.js';
import type { Cause, RosterChangedEffect } from '../effects.js';
import type { VersionedRosterSnapshot } from '../snapshot.js';
import { ChangeHistory } from '../views/change-history.js';
import type { Member } from './member.js';
import type { RankRange } from './rank-range.js';
import { Roster } from './roster.js';

/** An empty range of ranks. */
export const noRanks: RankRange = { from: 0, to: 0 };

/** The roster of a group with its epoch, view and seq. Each change increments view and seq; each accepted command increments seq. */
export class VersionedRoster {
  readonly epoch: number;
  readonly roster = new Roster();
  readonly history: ChangeHistory;
  #view = 0;
  #seq = 0;
  #leader: Member | undefined;
  #leaderView = 0;

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

  /** The view in which the present leader became rank 0. With the epoch it is the leader's fencing token (protocol: Terms). */
  get leaderView(): number {
    return this.#leaderView;
  }

  /** Increments seq for an accepted command and returns it. */
  nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  /** Gives the present roster a new view and seq, adds the change to the history and returns its effect. */
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

  snapshot(refs: SnapshotRefs): VersionedRosterSnapshot {
    // The roster comes first, so that the members' numbers are their ranks.
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

  /** Loads a snapshot into a new roster. */
  load({ view, seq, leader, leaderView, roster, history }: VersionedRosterSnapshot, refs: SnapshotRefs): void {
    this.#view = view;
    this.#seq = seq;
    this.#leader = leader === undefined ? undefined : refs.member(leader);
    this.#leaderView = leaderView;
    this.roster.load(roster.map(number => refs.member(number)));
    this.history.load(history, this.epoch, refs);
  }
}
