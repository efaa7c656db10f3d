/** What has happened in a group since the page was opened. */

import { reasonInWords } from '@rankd/protocol/departure-reasons';
import { printable } from '@rankd/protocol/printable';
import type { Member } from './roster-model.js';
import type { CommandEvent, OutcomeEvent, RefusedEvent, ViewEvent } from './stream-event.js';

/** How many entries of each kind the page keeps. Each kind has its own limit, so that commands do not displace rank changes. */
export const ACTIVITIES_MAX = 100;

/** A rank change. */
export type RankActivity =
  | { readonly kind: 'joined' | 'resumed' | 'moved'; readonly name: string; readonly rank: number }
  | { readonly kind: 'left' | 'away'; readonly name: string; readonly rank: number; readonly reason: string }
  /** `name` is the first member that moved up, and `rank` is its new rank. `others` is the number of members that moved up behind it. */
  | { readonly kind: 'promoted'; readonly name: string; readonly rank: number; readonly others: number };

/** A command. It has an outcome after it has ended. */
export type CommandActivity =
  | (Omit<CommandEvent, 'refused'> & { readonly kind: 'command'; readonly outcome: OutcomeEvent | undefined })
  | (RefusedEvent & { readonly kind: 'refused' });

/** An entry of the activity log. */
export type Activity<What = RankActivity | CommandActivity> = What & {
  /** Increases with each entry. */
  readonly number: number;
  readonly atMs: number;
};

/** The activity of a group, newest first. */
export interface ActivityLog {
  readonly ranks: readonly Activity<RankActivity>[];
  readonly commands: readonly Activity<CommandActivity>[];
}

/** The activity log before the first event. */
export const emptyActivityLog: ActivityLog = { ranks: [], commands: [] };

/** Collects new entries, so that the page shows them with one redraw. */
export class ActivityLogDraft {
  readonly #ranks: Activity<RankActivity>[] = [];
  readonly #commands: Activity<CommandActivity>[] = [];
  readonly #earlier: ActivityLog;
  readonly #outcomes = new Map<number, OutcomeEvent>();
  #number: number;

  constructor(earlier: ActivityLog) {
    this.#earlier = earlier;
    this.#number = Math.max(earlier.ranks[0]?.number ?? 0, earlier.commands[0]?.number ?? 0);
  }

  /**
   * Adds a change of the roster.
   * @param members the roster after the change
   * @param led the leader before the change
   */
  view({ at, cause }: ViewEvent, members: readonly Member[], led: Member | undefined): void {
    const { kind, name, rank } = cause;
    const atMs = Date.parse(at);
    const reason = printable(reasonInWords(cause.reason ?? ''));
    this.#rank(kind === 'left' || kind === 'away' ? { kind, name, rank, reason } : { kind, name, rank }, atMs);
    const first = members[rank];
    if (kind === 'left' && first !== undefined) {
      this.#rank({ kind: 'promoted', name: first.name, rank, others: members.length - rank - 1 }, atMs);
    }
    const leader = members[0];
    if (kind === 'moved' && leader !== undefined && leader.member !== led?.member) {
      this.#rank({ kind: 'promoted', name: leader.name, rank: 0, others: 0 }, atMs);
    }
  }

  /** Adds an accepted command. */
  command({ seq, name, from, rank, recipients }: CommandEvent, nowMs: number): void {
    this.#command({ kind: 'command', seq, name, from, rank, recipients, outcome: undefined }, nowMs);
  }

  /** Adds a refused command. */
  refused({ name, from, rank, code }: RefusedEvent, nowMs: number): void {
    this.#command({ kind: 'refused', name, from, rank, code }, nowMs);
  }

  /** Adds the outcome to its command. */
  outcome(outcome: OutcomeEvent): void {
    this.#outcomes.set(outcome.seq, outcome);
  }

  /** Returns the log with all entries. */
  finish(): ActivityLog {
    return {
      ranks: newest(this.#ranks, this.#earlier.ranks),
      commands: newest(this.#commands, this.#earlier.commands).map(each => this.#ended(each)),
    };
  }

  #ended(activity: Activity<CommandActivity>): Activity<CommandActivity> {
    // In a new epoch `seq` starts again.
    if (activity.kind !== 'command' || activity.outcome !== undefined) return activity;
    const outcome = this.#outcomes.get(activity.seq);
    return outcome === undefined ? activity : { ...activity, outcome };
  }

  #rank(what: RankActivity, atMs: number): void {
    this.#ranks.push({ ...what, number: (this.#number += 1), atMs });
  }

  #command(what: CommandActivity, atMs: number): void {
    this.#commands.push({ ...what, number: (this.#number += 1), atMs });
  }
}

function newest<T>(latest: readonly T[], earlier: readonly T[]): readonly T[] {
  return [...latest.slice(-ACTIVITIES_MAX).reverse(), ...earlier].slice(0, ACTIVITIES_MAX);
}
