/** The changes of one group that Redis does not have yet, and the write that is built from them. */

import { assertNever } from '@rankd/protocol';
import { seatOf, type Group, type Member, type RosterChangedEffect } from '../core/index.js';
import { memberFacts } from '../roster-rows.js';

/** The limit of stream events in one write (docs/operations/redis.md). */
export const EVENTS_MAX = 1000;
/**
 * The limit of queued changes is the number of members, but at least this number. With more changes, writing the whole roster costs less
 * than writing the changes.
 */
export const CHANGES_PENDING_MIN = 1000;
/** The limit of ranks that Redis may have to renumber for the moves of one write. Above it, the whole roster is written. */
export const MOVE_STEPS_MAX = 200_000;

/**
 * A change in the format of the script. The first element is its kind. Facts (the member's row) and seats are JSON text.
 * - 0: the member left.
 * - 1: it joined, with its facts and its seat.
 * - 2: it moved to a rank.
 * - 3: it is away or has resumed, with its facts and its seat.
 * - 4: its seat has another secret.
 */
export type MirrorChange =
  | readonly [0, string]
  | readonly [1, string, string, string]
  | readonly [2, string, number]
  | readonly [3, string, string, string]
  | readonly [4, string, string];
/** An event for XADD: fields and values alternate. `epoch` and `view` are first, because the script uses them to skip old events. */
export type MirrorEvent = readonly ['epoch', string, 'view', string, ...string[]];

/** A seat with a new secret, and the hash of the secret that a write contains. */
export interface SentSeat {
  readonly member: Member;
  readonly secretHash: string;
}

/** The content of one write to Redis for one group. */
export interface MirrorWrite {
  readonly group: Group;
  /** The view that Redis has after the write. */
  readonly view: number;
  /** How many changes had been added to the queue since its start, when the write was built. */
  readonly added: number;
  /** The view to which `changes` are applied. `whole` if they contain every member as joined. */
  readonly from: number | 'whole';
  readonly changes: readonly MirrorChange[];
  readonly events: readonly MirrorEvent[];
  /** The seats whose new secrets the write contains. */
  readonly seats: readonly SentSeat[];
}

/**
 * The queue of one group's changes that Redis does not have yet. It is bounded while Redis is unavailable: past the limit, the next write
 * contains the whole roster.
 */
export class GroupWriteQueue {
  #group: Group;
  /** The view in Redis. `nothing`: changes cannot be applied to what Redis has. */
  #heldView: number | 'nothing' = 'nothing';
  /** The newest changes that Redis does not have. They are encoded when a write is built. */
  #pending: RosterChangedEffect[] = [];
  #added = 0;
  /** How many of all changes ever added are in Redis. */
  #written = 0;
  #missedLast: RosterChangedEffect | undefined;
  /** The members whose seats in Redis have an old secret. */
  readonly #seats = new Set<Member>();

  constructor(group: Group) {
    this.#group = group;
  }

  /** The number of views that the group has and Redis does not have yet. */
  get lagViews(): number {
    return this.#group.view - (this.#heldView === 'nothing' ? 0 : this.#heldView);
  }

  /** Whether the group has no members. */
  get isEmpty(): boolean {
    return this.#group.roster.size === 0;
  }

  /** Whether the queue can be deleted: the group has no members, and Redis has its last view. */
  get isOver(): boolean {
    return this.isEmpty && this.lagViews === 0;
  }

  /** Adds a change. If `group` is a new instance of the group, the next write contains its whole roster. */
  addChange(group: Group, change: RosterChangedEffect): void {
    if (group !== this.#group) {
      this.#group = group;
      this.discardHeldView();
    }
    this.#added += 1;
    this.#pending.push(change);
    if (change.cause.kind === 'left') this.#seats.delete(change.cause.member);
    const pendingMax = Math.max(CHANGES_PENDING_MIN, group.roster.size);
    while (this.#pending.length > pendingMax) this.#missedLast = this.#pending.shift();
  }

  /** Adds the new secret of a member's seat. */
  addSeat(member: Member): void {
    this.#seats.add(member);
  }

  /** Makes the next write contain the whole roster, because the queued changes do not apply to the view in Redis. */
  discardHeldView(): void {
    this.#heldView = 'nothing';
  }

  /**
   * Builds the next write. It contains the queued changes. It contains the whole roster if there are too many changes, or if they do not
   * apply to the view in Redis.
   */
  buildWrite(): MirrorWrite {
    const group = this.#group;
    const members = [...this.#seats].filter(member => group.roster.member(member.id) === member);
    const seats = members.map(member => ({ member, secretHash: member.secrets.current }));
    const common = { group, view: group.view, added: this.#added, events: this.#buildEvents(), seats };
    const isTooMuch = this.#missedCount > 0 || this.#countMoveSteps() > MOVE_STEPS_MAX;
    if (this.#heldView === 'nothing' || isTooMuch)
      return { ...common, from: 'whole', changes: toWholeRosterChanges(group) };
    return {
      ...common,
      from: this.#heldView,
      changes: [...this.#pending.map(toMirrorChange), ...members.map(toSeatChange)],
    };
  }

  /** How many changes were dropped from the queue. */
  get #missedCount(): number {
    return this.#added - this.#written - this.#pending.length;
  }

  /** Returns the newest EVENTS_MAX events. If there are more, the first one is an event `gap` with the number of those left out. */
  #buildEvents(): MirrorEvent[] {
    const omitted = Math.max(0, this.#pending.length - EVENTS_MAX);
    const last = omitted > 0 ? this.#pending[omitted - 1] : this.#missedLast;
    const missed = this.#missedCount + omitted;
    const gap = missed > 0 && last !== undefined ? [createGapEvent(last, missed)] : [];
    return [...gap, ...this.#pending.slice(omitted).map(toMirrorEvent)];
  }

  #countMoveSteps(): number {
    return this.#pending.reduce((steps, { cause, size }) => steps + (cause.kind === 'moved' ? size : 0), 0);
  }

  /** Removes the content of `write` from the queue, because Redis has it now. */
  recordWritten(write: MirrorWrite): void {
    const since = this.#added - write.added;
    this.#pending = since === 0 ? [] : this.#pending.slice(-since);
    this.#written = write.added;
    for (const { member, secretHash } of write.seats) {
      // The secret may have changed again after the write was built.
      if (member.secrets.current === secretHash) this.#seats.delete(member);
    }
    if (write.group === this.#group) this.#heldView = write.view;
  }
}

function toWholeRosterChanges(group: Group): MirrorChange[] {
  return group.roster.slice().map(member => [1, member.id, encodeFacts(member), encodeSeat(member)]);
}

function toMirrorChange({ cause }: RosterChangedEffect): MirrorChange {
  const { kind, member } = cause;
  switch (kind) {
    case 'joined':
      return [1, member.id, encodeFacts(member), encodeSeat(member)];
    case 'left':
      return [0, member.id];
    case 'moved':
      return [2, member.id, cause.rank];
    case 'away':
    case 'resumed':
      return [3, member.id, encodeFacts(member), encodeSeat(member)];
    default:
      return assertNever(kind);
  }
}

function toSeatChange(member: Member): MirrorChange {
  return [4, member.id, encodeSeat(member)];
}

function encodeFacts(member: Member): string {
  return JSON.stringify(memberFacts(member));
}

function encodeSeat(member: Member): string {
  return JSON.stringify(seatOf(member));
}

function toMirrorEvent(change: RosterChangedEffect): MirrorEvent {
  const { kind, member, rank, reason = '' } = change.cause;
  const what = ['seq', String(change.seq), 'at', formatTime(change), 'kind', kind, 'member', member.id];
  // A flat list is faster than objects, and thousands of events may be encoded at once.
  const who = ['name', member.name, 'rank', String(rank), 'reason', reason, 'size', String(change.size)];
  return [...viewFields(change), ...what, ...who];
}

/** Returns the event that reports that `missed` changes are not in the stream. `last` is the last of them. */
function createGapEvent(last: RosterChangedEffect, missed: number): MirrorEvent {
  return [...viewFields(last), 'at', formatTime(last), 'kind', 'gap', 'missed', String(missed)];
}

function viewFields({ epoch, view }: RosterChangedEffect): readonly ['epoch', string, 'view', string] {
  return ['epoch', String(epoch), 'view', String(view)];
}

function formatTime({ at }: RosterChangedEffect): string {
  return new Date(at).toISOString();
}
