import type { Group, RosterChangedEffect } from '../core/index.js';
import { memberFacts } from '../roster-rows.js';

/** Events that one write carries, and that are kept while Redis is away (contract: Redis). */
export const EVENTS_PENDING_MAX = 1000;

/** Joined with its facts as JSON, or left. */
export type MirrorChange = readonly [1, string, string] | readonly [0, string];
/** Fields and values in turn, as XADD takes them. */
export type MirrorEvent = readonly string[];

/** What one write brings to Redis. */
export interface MirrorWrite {
  readonly group: Group;
  readonly view: number;
  /** The view that `changes` start from; `whole`: every member as joined. */
  readonly from: number | 'whole';
  readonly changes: readonly MirrorChange[];
  readonly events: readonly MirrorEvent[];
}

/** What of one group Redis has not got yet. Bounded, however long Redis is away: past the bound the whole roster goes. */
export class GroupBacklog {
  #group: Group;
  #written: number | 'nothing' = 'nothing';
  #changes: MirrorChange[] = [];
  #events: MirrorEvent[] = [];
  #eventsMissed = 0;

  constructor(group: Group) {
    this.#group = group;
  }

  get lagViews(): number {
    return this.#group.view - (this.#written === 'nothing' ? 0 : this.#written);
  }

  /** Redis has all there is, and the group has nobody in it any more. */
  get isOver(): boolean {
    return this.#group.roster.size === 0 && this.lagViews === 0;
  }

  note(group: Group, change: RosterChangedEffect): void {
    if (group !== this.#group) this.#beginAnew(group);
    this.#events.push(eventOf(change));
    if (this.#events.length > EVENTS_PENDING_MAX) {
      this.#events.shift();
      this.#eventsMissed += 1;
    }
    if (this.#written === 'nothing') return;
    if (this.#changes.length >= EVENTS_PENDING_MAX) this.forget();
    else this.#changes.push(changeOf(change));
  }

  /** The next write is of the whole roster: Redis does not hold what the changes start from. */
  forget(): void {
    this.#written = 'nothing';
    this.#changes = [];
  }

  next(): MirrorWrite {
    const gap = this.#eventsMissed === 0 ? [] : [gapOf(this.#group, this.#eventsMissed)];
    const events = [...gap, ...this.#events];
    const group = this.#group;
    const { view } = group;
    if (this.#written === 'nothing') return { group, view, from: 'whole', changes: wholeRoster(group), events };
    return { group, view, from: this.#written, changes: this.#changes, events };
  }

  /** Redis holds what `write` brought; what came since still waits. */
  wrote(write: MirrorWrite): void {
    this.#events = this.#events.slice(write.events.length - (this.#eventsMissed === 0 ? 0 : 1));
    this.#eventsMissed = 0;
    if (write.group !== this.#group) return;
    this.#changes = write.from === 'whole' ? [] : this.#changes.slice(write.changes.length);
    this.#written = write.view;
  }

  #beginAnew(group: Group): void {
    this.#group = group;
    this.forget();
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
  const { epoch, view, seq, at, size, cause } = change;
  const { kind, member, reason = '' } = cause;
  const facts = {
    epoch,
    view,
    seq,
    at: new Date(at).toISOString(),
    kind,
    member: member.id,
    name: member.name,
    reason,
    size,
  };
  return Object.entries(facts).flatMap(([field, value]) => [field, String(value)]);
}

function gapOf(group: Group, missed: number): MirrorEvent {
  return ['epoch', String(group.epoch), 'kind', 'gap', 'missed', String(missed)];
}
