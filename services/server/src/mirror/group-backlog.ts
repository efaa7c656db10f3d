import type { Group, RosterChangedEffect } from '../core/index.js';
import { memberFacts } from '../roster-rows.js';

/** Changes that one write carries, and that are kept while Redis is away (contract: Redis). */
export const CHANGES_PENDING_MAX = 1000;

/** Joined with its facts as JSON, or left. */
export type MirrorChange = readonly [1, string, string] | readonly [0, string];
/** Fields and values in turn, as XADD takes them; `epoch` and `view` come first, for the script tells by them what it has. */
export type MirrorEvent = readonly ['epoch', string, 'view', string, ...string[]];

/** What one write brings to Redis. */
export interface MirrorWrite {
  readonly group: Group;
  readonly view: number;
  /** How many changes had been noted when it was made. */
  readonly noted: number;
  /** The view that `changes` start from; `whole`: every member as joined. */
  readonly from: number | 'whole';
  readonly changes: readonly MirrorChange[];
  readonly events: readonly MirrorEvent[];
}

/** What of one group Redis has not got yet. Bounded, however long Redis is away: past the bound the whole roster goes. */
export class GroupBacklog {
  #group: Group;
  /** The view that Redis holds, or nothing that a change could start from. */
  #held: number | 'nothing' = 'nothing';
  /** The newest changes that Redis has not taken. Told as they happened, put into words only when they are written. */
  #pending: RosterChangedEffect[] = [];
  #noted = 0;
  /** How many of the changes noted so far Redis has taken. */
  #taken = 0;
  #missedLast: RosterChangedEffect | undefined;

  constructor(group: Group) {
    this.#group = group;
  }

  get lagViews(): number {
    return this.#group.view - (this.#held === 'nothing' ? 0 : this.#held);
  }

  /** The group has nobody in it any more. */
  get isEmpty(): boolean {
    return this.#group.roster.size === 0;
  }

  /** Redis has all there is, and the group has nobody in it any more. */
  get isOver(): boolean {
    return this.isEmpty && this.lagViews === 0;
  }

  note(group: Group, change: RosterChangedEffect): void {
    if (group !== this.#group) {
      this.#group = group;
      this.forget();
    }
    this.#noted += 1;
    this.#pending.push(change);
    if (this.#pending.length > CHANGES_PENDING_MAX) this.#missedLast = this.#pending.shift();
  }

  /** The next write is of the whole roster: Redis does not hold what the changes start from. */
  forget(): void {
    this.#held = 'nothing';
  }

  next(): MirrorWrite {
    const group = this.#group;
    const missed = this.#noted - this.#taken - this.#pending.length;
    const gap = missed > 0 && this.#missedLast !== undefined ? [gapOf(this.#missedLast, missed)] : [];
    const common = { group, view: group.view, noted: this.#noted, events: [...gap, ...this.#pending.map(eventOf)] };
    if (this.#held === 'nothing' || missed > 0) return { ...common, from: 'whole', changes: wholeRoster(group) };
    return { ...common, from: this.#held, changes: this.#pending.map(changeOf) };
  }

  /** Redis holds what `write` brought; what came since still waits. */
  wrote(write: MirrorWrite): void {
    const since = this.#noted - write.noted;
    this.#pending = since === 0 ? [] : this.#pending.slice(-since);
    this.#taken = write.noted;
    if (write.group === this.#group) this.#held = write.view;
  }
}

function wholeRoster(group: Group): MirrorChange[] {
  return group.roster.slice().map(member => [1, member.id, JSON.stringify(memberFacts(member))]);
}

function changeOf({ cause }: RosterChangedEffect): MirrorChange {
  const { kind, member } = cause;
  return kind === 'joined' ? [1, member.id, JSON.stringify(memberFacts(member))] : [0, member.id];
}

function eventOf(change: RosterChangedEffect): MirrorEvent {
  const { seq, size, cause } = change;
  const { kind, member, reason = '' } = cause;
  const facts = { seq, at: timeOf(change), kind, member: member.id, name: member.name, reason, size };
  return [...placeOf(change), ...Object.entries(facts).flatMap(([field, value]) => [field, String(value)])];
}

/** So many changes up to and including `last` are not in the stream. */
function gapOf(last: RosterChangedEffect, missed: number): MirrorEvent {
  return [...placeOf(last), 'at', timeOf(last), 'kind', 'gap', 'missed', String(missed)];
}

function placeOf({ epoch, view }: RosterChangedEffect): readonly ['epoch', string, 'view', string] {
  return ['epoch', String(epoch), 'view', String(view)];
}

function timeOf({ at }: RosterChangedEffect): string {
  return new Date(at).toISOString();
}
