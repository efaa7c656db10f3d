/** Checks which members receive each command and how it ends (I4, I6, I7). */

import type { CommandEntry, DeliverEffect, Effect, Entry, Group, ReceiptEffect } from 'rankd/dist/core/index.js';
import type { Groups } from 'rankd/dist/log/ordered-log.js';
import { limits } from '@rankd/protocol';
import { referenceAuthority, type ReferenceRecipient } from '@rankd/testkit';
import { Violation } from '../violation.js';
import type { ReferenceRoster } from './reference-roster.js';

/** A command without an outcome. `awaited` are the members whose parts have not ended. */
interface OpenCommand {
  readonly awaited: Set<string>;
  readonly recipients: number;
  readonly acceptedMs: number;
  readonly deadlineMs: number;
  readonly id: string;
}

/** How late an outcome may be, ms (R-CMD-7). */
const OUTCOME_LATE_MS = 100;

/** Checks which members receive a command, and that each recipient and each command ends exactly once (I4, I6, I7). */
export class CommandLedger {
  readonly #roster: ReferenceRoster;
  readonly #lateMsMax: number;
  readonly #open = new Map<string, OpenCommand>();
  readonly #nowMs: () => number;
  /** When a stopped server last continued. A stopped server cannot meet a deadline. */
  #stalledUntil = 0;

  /** @param nowMs returns the time of the simulation */
  constructor(order: ReferenceRoster, nowMs: () => number, lateMsMax = OUTCOME_LATE_MS) {
    this.#roster = order;
    this.#nowMs = nowMs;
    this.#lateMsMax = lateMsMax;
  }

  /** Removes all open commands. The server has died, and their senders receive no outcome. */
  clearOpenCommands(): void {
    this.#open.clear();
  }

  /** Records that a stopped server continues. */
  recordStallEnd(): void {
    this.#stalledUntil = this.#nowMs();
  }

  /** The number of commands without an outcome. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Loads the open commands of a group from its current state. */
  loadGroup(group: Group): void {
    const { commanders, commanding } = group.snapshot();
    this.#open.clear();
    for (const { seq, awaited, recipients, deadlineMs, id } of commanding.open) {
      const members = awaited.map(([commander]) => commanders[commander]?.id ?? '');
      this.#open.set(`${seq}`, { awaited: new Set(members), recipients, acceptedMs: this.#nowMs(), deadlineMs, id });
    }
  }

  /**
   * Checks the effects of an applied entry.
   * @throws Violation
   */
  checkApplied(entry: Entry, effects: readonly Effect[], groups: Pick<Groups, 'get'>): void {
    if (entry.kind === 'frozen') return;
    for (const effect of effects) this.#checkEffect(effect, entry, effects, groups);
    const group = groups.get(entry.group);
    for (const [key, { awaited }] of this.#open) {
      for (const member of awaited) {
        if (group?.roster.member(member) === undefined)
          throw new Violation('I7', `command ${key} waits for ${member}, which has left`);
      }
    }
    if (group !== undefined && group.commandsOpen !== this.#open.size)
      throw new Violation('I6', `${group.commandsOpen} commands are open, not ${this.#open.size}`);
  }

  #checkEffect(effect: Effect, entry: Entry, effects: readonly Effect[], groups: Pick<Groups, 'get'>): void {
    switch (effect.kind) {
      case 'receipt':
        if (entry.kind === 'command' && effect.verdict.kind === 'accepted')
          this.#checkReceipt(entry, effect, effects, groups.get(entry.group));
        return;
      case 'recipient-ended':
        return this.#endRecipient(effect.seq, effect.recipient.id);
      case 'outcome':
        return this.#checkOutcome(effect.seq, effect.recipients, Object.values(effect.counts));
      default:
    }
  }

  #checkReceipt(
    entry: CommandEntry,
    { verdict, refusedCount, unmatched: told }: ReceiptEffect,
    effects: readonly Effect[],
    group: Group | undefined,
  ): void {
    if (verdict.kind !== 'accepted' || group === undefined) return;
    const record = this.#roster.epochRecord(group.epoch);
    const deliver = effects.find((effect): effect is DeliverEffect => effect.kind === 'deliver');
    const order = record?.views.at(-1) ?? [];
    const recipients = (deliver?.ranges ?? []).flatMap(({ from, to }) => order.slice(from, to));
    const senderRank = entry.from.kind === 'admin' ? -1 : order.indexOf(entry.from.member);
    const roster = rosterOf(order, record?.away ?? new Set(), group);
    const { allowed, refused, unmatched } = referenceAuthority(entry.target, senderRank, roster);
    const wanted = allowed.map(rank => order[rank]);
    if (recipients.join() !== wanted.join())
      throw new Violation('I4', `${recipients.join()} may execute ${entry.id}, not ${wanted.join()}`);
    if (recipients.length !== verdict.recipients)
      throw new Violation('I4', `${recipients.length} recipients of ${verdict.recipients}`);
    if (refusedCount !== refused.length)
      throw new Violation('I4', `${refusedCount} members refuse ${entry.id}, not ${refused.length}`);
    if (told.join() !== unmatched.slice(0, limits.refusedMax).join())
      throw new Violation('I4', `${told.join()} of ${entry.id} match no member, not ${unmatched.join()}`);
    if (entry.reply === 'none') return;
    const { seq, deadlineMs } = verdict;
    this.#open.set(`${seq}`, {
      awaited: new Set(recipients),
      recipients: recipients.length,
      acceptedMs: this.#nowMs(),
      deadlineMs,
      id: entry.id,
    });
  }

  #endRecipient(seq: number, recipient: string): void {
    if (this.#open.get(`${seq}`)?.awaited.delete(recipient) !== true)
      throw new Violation('I6', `${recipient} has ended a second time for command ${seq}`);
  }

  #checkOutcome(seq: number, recipients: number, counts: readonly number[]): void {
    const command = this.#open.get(`${seq}`);
    if (command === undefined) throw new Violation('I6', `a second outcome of command ${seq}`);
    const sum = counts.reduce((total, count) => total + count, 0);
    if (command.awaited.size > 0 || sum !== recipients || recipients !== command.recipients)
      throw new Violation(
        'I6',
        `the outcome of ${seq} counts ${sum} of ${command.recipients} recipients, and ${command.awaited.size} have not ended`,
      );
    const lateMs = this.#nowMs() - Math.max(command.acceptedMs + command.deadlineMs, this.#stalledUntil);
    if (lateMs > this.#lateMsMax) throw new Violation('I6', `the outcome of ${seq} is ${lateMs} ms late`);
    this.#open.delete(`${seq}`);
  }
}

/** Returns the members by rank. Names and tags come from the core's roster, because they do not change while a member is in the group. */
function rosterOf(order: readonly string[], away: ReadonlySet<string>, { roster }: Group): ReferenceRecipient[] {
  return order.map(id => {
    const member = roster.member(id);
    return { id, name: member?.name ?? '', tags: member?.tags ?? {}, isAway: away.has(id) };
  });
}
