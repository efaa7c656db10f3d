import { assertNever } from '@rankd/protocol';
import { seatOf, type Group, type Member, type RosterChangedEffect } from '../core/index.js';
import { memberFacts } from '../roster-rows.js';

/** Events that one write carries (contract: Redis). */
export const EVENTS_MAX = 1000;
/** Changes that are kept while Redis is away: as many as the group has members, past which the whole roster is no more. */
export const CHANGES_PENDING_MIN = 1000;
/** Redis closes the ranks after each move in turn; where that would cost it more steps than this, the whole roster goes. */
export const MOVE_STEPS_MAX = 200_000;

/**
 * Left; joined, with its facts and its seat as JSON; moved to a rank; away or back, with the same; a seat alone, whose secret
 * is another.
 */
export type MirrorChange =
  | readonly [0, string]
  | readonly [1, string, string, string]
  | readonly [2, string, number]
  | readonly [3, string, string, string]
  | readonly [4, string, string];
/** Fields and values in turn, as XADD takes them; `epoch` and `view` come first, for the script tells by them what it has. */
export type MirrorEvent = readonly ['epoch', string, 'view', string, ...string[]];

/** A seat whose secret is another, as it is being written. */
export interface SentSeat {
  readonly member: Member;
  readonly secretHash: string;
}

/** What one write brings to Redis. */
export interface MirrorWrite {
  readonly group: Group;
  readonly view: number;
  /** How many changes had been noted when it was made. */
  readonly added: number;
  /** The view that `changes` start from; `whole`: every member as joined. */
  readonly from: number | 'whole';
  readonly changes: readonly MirrorChange[];
  readonly events: readonly MirrorEvent[];
  /** Whose seats alone it brings. */
  readonly seats: readonly SentSeat[];
}

/** What of one group Redis has not got yet. Bounded, however long Redis is away: past the bound the whole roster goes. */
export class GroupWriteQueue {
  #group: Group;
  /** The view that Redis holds, or nothing that a change could start from. */
  #held: number | 'nothing' = 'nothing';
  /** The newest changes that Redis has not taken. Told as they happened, put into words only when they are written. */
  #pending: RosterChangedEffect[] = [];
  #added = 0;
  /** How many of the changes noted so far Redis has taken. */
  #written = 0;
  #missedLast: RosterChangedEffect | undefined;
  /** Members whose seats have another secret than Redis knows. */
  readonly #seats = new Set<Member>();

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

  addChange(group: Group, change: RosterChangedEffect): void {
    if (group !== this.#group) {
      this.#group = group;
      this.requireWhole();
    }
    this.#added += 1;
    this.#pending.push(change);
    if (change.cause.kind === 'left') this.#seats.delete(change.cause.member);
    const pendingMax = Math.max(CHANGES_PENDING_MIN, group.roster.size);
    while (this.#pending.length > pendingMax) this.#missedLast = this.#pending.shift();
  }

  addSeat(member: Member): void {
    this.#seats.add(member);
  }

  /** The next write is of the whole roster: Redis does not hold what the changes start from. */
  requireWhole(): void {
    this.#held = 'nothing';
  }

  makeWrite(): MirrorWrite {
    const group = this.#group;
    const members = [...this.#seats].filter(member => group.roster.member(member.id) === member);
    const seats = members.map(member => ({ member, secretHash: member.secrets.current }));
    const common = { group, view: group.view, added: this.#added, events: this.#events(), seats };
    const isTooMuch = this.#missed > 0 || this.#moveSteps() > MOVE_STEPS_MAX;
    if (this.#held === 'nothing' || isTooMuch) return { ...common, from: 'whole', changes: wholeRoster(group) };
    return { ...common, from: this.#held, changes: [...this.#pending.map(changeOf), ...members.map(seatChange)] };
  }

  /** How many changes are kept no more. */
  get #missed(): number {
    return this.#added - this.#written - this.#pending.length;
  }

  /** The newest, after a word on how many came before them that Redis will not have. */
  #events(): MirrorEvent[] {
    const omitted = Math.max(0, this.#pending.length - EVENTS_MAX);
    const last = omitted > 0 ? this.#pending[omitted - 1] : this.#missedLast;
    const missed = this.#missed + omitted;
    const gap = missed > 0 && last !== undefined ? [gapOf(last, missed)] : [];
    return [...gap, ...this.#pending.slice(omitted).map(eventOf)];
  }

  #moveSteps(): number {
    return this.#pending.reduce((steps, { cause, size }) => steps + (cause.kind === 'moved' ? size : 0), 0);
  }

  /** Redis holds what `write` brought; what came since still waits. */
  recordWritten(write: MirrorWrite): void {
    const since = this.#added - write.added;
    this.#pending = since === 0 ? [] : this.#pending.slice(-since);
    this.#written = write.added;
    for (const { member, secretHash } of write.seats) {
      // It may have another secret by now, which Redis has not got.
      if (member.secrets.current === secretHash) this.#seats.delete(member);
    }
    if (write.group === this.#group) this.#held = write.view;
  }
}

function wholeRoster(group: Group): MirrorChange[] {
  return group.roster.slice().map(member => [1, member.id, factsOf(member), seatText(member)]);
}

function changeOf({ cause }: RosterChangedEffect): MirrorChange {
  const { kind, member } = cause;
  switch (kind) {
    case 'joined':
      return [1, member.id, factsOf(member), seatText(member)];
    case 'left':
      return [0, member.id];
    case 'moved':
      return [2, member.id, cause.rank];
    case 'away':
    case 'resumed':
      return [3, member.id, factsOf(member), seatText(member)];
    default:
      return assertNever(kind);
  }
}

function seatChange(member: Member): MirrorChange {
  return [4, member.id, seatText(member)];
}

function factsOf(member: Member): string {
  return JSON.stringify(memberFacts(member));
}

function seatText(member: Member): string {
  return JSON.stringify(seatOf(member));
}

function eventOf(change: RosterChangedEffect): MirrorEvent {
  const { kind, member, rank, reason = '' } = change.cause;
  const what = ['seq', String(change.seq), 'at', timeOf(change), 'kind', kind, 'member', member.id];
  // Thousands may come and go at once, and each is an event: no list of lists on the way.
  const who = ['name', member.name, 'rank', String(rank), 'reason', reason, 'size', String(change.size)];
  return [...placeOf(change), ...what, ...who];
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
