/** A reference roster, to check the core's ranks and views (I1, I2, I3). */

import type { Cause, Effect, Entry, Group, RosterChangedEffect } from 'rankd/dist/core/index.js';
import type { Groups } from 'rankd/dist/log/ordered-log.js';
import { rosterAfter } from '@rankd/testkit';
import { Violation } from '../violation.js';

/** The members of one epoch in each view, as the checker computes them. */
export interface EpochRecord {
  readonly epoch: number;
  /** The members by rank, by view number; view 0 is empty. */
  readonly views: (readonly string[])[];
  readonly away: Set<string>;
  seq: number;
}

/**
 * A reference implementation of the roster (I1, I2, I3). It computes each view from the causes of changes, independently of the
 * core: a new member is last, a departure leaves no gap, and no other member changes its order.
 */
export class ReferenceRoster {
  readonly #epochs = new Map<number, EpochRecord>();
  readonly #membersMax: number;

  constructor(membersMax: number) {
    this.#membersMax = membersMax;
  }

  /** Returns the members by rank in a view; undefined if the view is unknown. */
  membersAt(epoch: number, view: number): readonly string[] | undefined {
    return this.#epochs.get(epoch)?.views[view];
  }

  /** The newest epoch, 0 if none. */
  get epochLast(): number {
    return [...this.#epochs.keys()].at(-1) ?? 0;
  }

  /** Returns the views of an epoch. Undefined if the epoch is unknown. */
  epochRecord(epoch: number): EpochRecord | undefined {
    return this.#epochs.get(epoch);
  }

  /** Loads the current state of a group. */
  loadGroup({ epoch, view, seq, roster }: Group): void {
    const members = roster.slice();
    const views = Array.from({ length: view }, (): readonly string[] => []);
    const away = members.filter(({ presence }) => presence.kind === 'away').map(({ id }) => id);
    this.#epochs.set(epoch, { epoch, views: [...views, members.map(({ id }) => id)], away: new Set(away), seq });
  }

  /**
   * Applies the roster changes of an entry and compares the result with the core's groups.
   * @throws Violation
   */
  checkApplied(entry: Entry, effects: readonly Effect[], groups: Pick<Groups, 'get'>): void {
    for (const effect of effects) {
      if (effect.kind === 'roster-changed') this.#checkChange(effect);
      else if (effect.kind === 'receipt' && effect.verdict.kind === 'accepted')
        this.#checkCommandSeq(entry, effect.verdict, groups);
    }
    if (entry.kind === 'frozen') return;
    const group = groups.get(entry.group);
    if (group === undefined) return;
    const record = this.#epochs.get(group.epoch);
    const order = record?.views.at(-1) ?? [];
    if (record === undefined || group.view !== record.views.length - 1)
      throw new Violation('I3', `view ${group.view} after ${(record?.views.length ?? 1) - 1} changes`);
    if (group.seq !== record.seq) throw new Violation('I3', `seq ${group.seq}, not ${record.seq}`);
    const { roster } = group;
    if (roster.size > this.#membersMax) throw new Violation('I1', `${roster.size} of ${this.#membersMax} members`);
    const slots = new Set<number>();
    for (let rank = 0; rank < Math.max(order.length, roster.size); rank += 1) {
      const member = roster.at(rank);
      if (member?.id !== order[rank])
        throw new Violation(
          'I2',
          `rank ${rank} has ${member?.id ?? 'no member'}, not ${order[rank] ?? 'no member'}, after ${entry.kind}`,
        );
      if (member === undefined) continue;
      if (roster.rankOf(member) !== rank)
        throw new Violation('I1', `${member.id} at rank ${rank} has another rank stored`);
      if (slots.has(member.slot)) throw new Violation('I1', `slot ${member.slot} is held twice`);
      slots.add(member.slot);
    }
  }

  #checkCommandSeq(entry: Entry, { seq }: { readonly seq: number }, groups: Pick<Groups, 'get'>): void {
    const group = entry.kind === 'command' ? groups.get(entry.group) : undefined;
    const record = group === undefined ? undefined : this.#epochs.get(group.epoch);
    if (record === undefined || seq !== record.seq + 1)
      throw new Violation('I3', `seq ${seq} after ${record?.seq ?? 0}`);
    record.seq = seq;
  }

  #checkChange({ epoch, view, seq, cause, size }: RosterChangedEffect): void {
    const record = this.#epochs.get(epoch) ?? this.#startEpoch(epoch);
    const before = record.views.at(-1) ?? [];
    if (view !== record.views.length) throw new Violation('I3', `view ${view} after ${record.views.length - 1}`);
    if (seq !== record.seq + 1) throw new Violation('I3', `seq ${seq} after ${record.seq}`);
    record.seq = seq;
    checkCause(before, cause);
    const after = rosterAfter(before, { ...cause, member: cause.member.id });
    if (after.length !== size)
      throw new Violation('I1', `a change has size ${size}, but the reference roster has ${after.length} members`);
    record.views.push(after);
    if (cause.kind === 'away') record.away.add(cause.member.id);
    else if (cause.kind !== 'moved') record.away.delete(cause.member.id);
  }

  #startEpoch(epoch: number): EpochRecord {
    if (epoch <= this.epochLast) throw new Violation('I3', `epoch ${epoch} after ${this.epochLast}`);
    const record: EpochRecord = { epoch, views: [[]], away: new Set(), seq: 0 };
    this.#epochs.set(epoch, record);
    return record;
  }
}

/** I2: checks that the member was, or was not, at the rank of the change's cause. */
function checkCause(before: readonly string[], { kind, member: { id }, rank }: Cause): void {
  if (kind === 'joined' && before.includes(id)) throw new Violation('I2', `${id} has joined twice`);
  if (kind === 'joined' && rank !== before.length)
    throw new Violation('I2', `${id} has joined with rank ${rank} of ${before.length}`);
  if ((kind === 'left' || kind === 'resumed') && before[rank] !== id)
    throw new Violation('I2', `${id} has ${kind} rank ${rank}, which it did not have`);
}
