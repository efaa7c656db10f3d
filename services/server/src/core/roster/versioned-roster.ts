import type { SnapshotRefs } from '../commands/snapshot-refs.js';
import type { Cause, RosterChangedEffect } from '../effects.js';
import type { VersionedRosterSnapshot } from '../snapshot.js';
import { ChangeHistory } from '../views/change-history.js';
import type { Member } from './member.js';
import type { RankRange } from './rank-range.js';
import { Roster } from './roster.js';

/** Nobody. */
export const noRanks: RankRange = { from: 0, to: 0 };

/** A group's roster with the numbers of its order: view +1 and seq +1 with every change, seq +1 with every accepted command. */
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

  /** The view in which the present rank 0 became it: with the epoch, its fencing token (protocol: Terms). */
  get leaderView(): number {
    return this.#leaderView;
  }

  /** The place of a command that has been accepted. */
  nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  /** The roster has just changed: its new view. */
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
    // First of all, so that the members' numbers are their ranks.
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

  /** Of an order in which nothing has happened. */
  load({ view, seq, leader, leaderView, roster, history }: VersionedRosterSnapshot, refs: SnapshotRefs): void {
    this.#view = view;
    this.#seq = seq;
    this.#leader = leader === undefined ? undefined : refs.member(leader);
    this.#leaderView = leaderView;
    this.roster.load(roster.map(number => refs.member(number)));
    this.history.load(history, this.epoch, refs);
  }
}
