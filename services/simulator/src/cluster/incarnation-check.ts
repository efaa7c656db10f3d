/** Checks what one incarnation of a server proposes and applies. */

import { olderForm } from 'rankd/dist/cluster/formats/format-one.js';
import { type Effect, type Entry, senderOfEntry } from 'rankd/dist/core/index.js';
import type { Groups, Origin } from 'rankd/dist/log/ordered-log.js';
import { CommandLedger } from '../checks/command-ledger.js';
import { ReferenceRoster } from '../checks/reference-roster.js';
import { fingerprint } from '../checks/replay-check.js';
import { GROUP } from '../settings.js';
import { Violation } from '../violation.js';
import type { History } from './history.js';
import { HistoryCursor } from './history-cursor.js';

/** A proposal, with the fields that every format has. It may be lost if the server did not follow the group at that time. */
interface Proposal {
  readonly text: string;
  /** The key of `senderOfEntry`. */
  readonly sender: string | undefined;
  readonly may: 'vanish' | 'not vanish';
}

/** Compares what one incarnation of a server proposes and applies with the stream in Redis and with the other servers. */
export class IncarnationCheck {
  readonly server: string;
  readonly groups: Groups;
  readonly #membersMax: number;
  #roster: ReferenceRoster;
  #commands: CommandLedger;
  readonly #history: History;
  #cursor: HistoryCursor;
  /** Proposals that it has not applied. */
  #proposed: Proposal[] = [];
  #state: 'away' | 'unknowing' | 'following' = 'away';

  constructor(server: string, groups: Groups, history: History, membersMax: number) {
    this.server = server;
    this.groups = groups;
    this.#history = history;
    this.#membersMax = membersMax;
    [this.#roster, this.#commands, this.#cursor] = this.#createReferences();
  }

  /** The reference roster of the group, while the server follows it. */
  get roster(): ReferenceRoster {
    return this.#roster;
  }

  /**
   * Records a proposal. A proposal of a server that does not follow the group has no effect; the servers that follow it propose
   * the same.
   */
  recordProposal(entry: Entry): void {
    this.#proposed.push({
      text: JSON.stringify(olderForm(entry)),
      sender: senderOfEntry(entry),
      may: this.#state === 'away' ? 'vanish' : 'not vanish',
    });
  }

  /** Records that the server follows the group, perhaps again, and starts new references. */
  recordAcquired(): void {
    if (this.#state !== 'away') return;
    this.#state = 'unknowing';
    [this.#roster, this.#commands, this.#cursor] = this.#createReferences();
  }

  /** Records that the server no longer follows the group. */
  recordUnloaded(): void {
    this.#state = 'away';
    this.#proposed = [];
  }

  /**
   * Checks an applied entry and its effects.
   * @throws Violation
   */
  checkApplied(entry: Entry, effects: readonly Effect[], origin: Origin): void {
    this.recordAcquired();
    const text = JSON.stringify(entry);
    if (!this.#cursor.advance(toItemKey(entry, text)))
      throw new Violation('ORDER', `${this.server} applies a record that the stream does not have there: ${text}`);
    if (origin === 'here' && entry.kind !== 'server-gone' && entry.kind !== 'restored') this.#checkProposed(entry);
    this.#updateReferences(entry, effects);
    this.#compareFingerprint();
  }

  /**
   * Checks that the server has applied the whole stream, including its own proposals.
   * @throws Violation
   */
  checkSettled(): void {
    const { unappliedEntries } = this.#cursor;
    if (unappliedEntries === undefined)
      throw new Violation('ORDER', `${this.server} has applied a lost record and still runs`);
    if (unappliedEntries[0] !== undefined)
      throw new Violation('ORDER', `${this.server} has not applied ${unappliedEntries[0]}`);
    const owing = this.#proposed.find(({ may }) => may === 'not vanish');
    if (owing !== undefined)
      throw new Violation('ONCE', `${this.server} proposed an entry that was never applied: ${owing.text}`);
    if (this.#commands.openCount > 0) throw new Violation('I11', `${this.#commands.openCount} commands are open`);
  }

  #createReferences(): [ReferenceRoster, CommandLedger, HistoryCursor] {
    const order = new ReferenceRoster(this.#membersMax);
    // No delay of an outcome is a violation, because Redis or the server may be unavailable.
    return [order, new CommandLedger(order, () => 0, Infinity), new HistoryCursor(this.#history)];
  }

  /**
   * Checks that the entries of each sender keep their order. An entry may overtake those of other senders if one batch cannot contain all,
   * for example because the format was raised between them (EntryQueue). Compares only the fields that every format has, because an
   * applied entry of format 1 lacks the later fields of its proposal.
   */
  #checkProposed(entry: Entry): void {
    const text = JSON.stringify(olderForm(entry));
    const sender = senderOfEntry(entry);
    const sent = this.#proposed.filter(proposal => proposal.sender === sender);
    const next = sent.findIndex(({ text: other, may }) => other === text || may === 'not vanish');
    const proposed = sent[next];
    const passed = new Set(sent.slice(0, next + 1));
    this.#proposed = this.#proposed.filter(proposal => !passed.has(proposal));
    if (proposed?.text !== text)
      throw new Violation(
        'ONCE',
        `${this.server} applies ${text} as its own, and its next proposal is ${proposed?.text ?? 'none'}`,
      );
    const record = this.#cursor.point?.record;
    if (record !== undefined) record.isActedOn = true;
  }

  /** Loads the first state after a snapshot or a renewal without a check, because the other servers check it. */
  #updateReferences(entry: Entry, effects: readonly Effect[]): void {
    const group = this.groups.get(GROUP);
    // A later epoch of a group begins with seats that are away, and ends commands of the epoch before.
    const isFirstOfAll = effects.some(
      effect => effect.kind === 'roster-changed' && effect.view === 1 && effect.cause.kind === 'joined',
    );
    if (group !== undefined && (entry.kind === 'restored' || (this.#state === 'unknowing' && !isFirstOfAll))) {
      this.#roster.loadGroup(group);
      this.#commands.loadGroup(group);
    } else if (this.#state === 'following' || isFirstOfAll) {
      this.#roster.checkApplied(entry, effects, this.groups);
      this.#commands.checkApplied(entry, effects, this.groups);
    }
    if (group !== undefined) this.#state = 'following';
  }

  /** Checks that every server has the same state after the same item (I10). */
  #compareFingerprint(): void {
    const { point } = this.#cursor;
    if (point === undefined) return;
    const { record, items } = point;
    record.readers.add(this.server);
    const print = fingerprint(this.groups);
    record.fingerprints[items] ??= print;
    if (record.fingerprints[items] !== print)
      throw new Violation(
        'I10',
        `${this.server} has the state ${print} after ${record.id}, not ${record.fingerprints[items]}`,
      );
  }
}

/** Returns the key of an applied entry in the history. */
function toItemKey(entry: Entry, text: string): string {
  if (entry.kind === 'server-gone') return `gone ${entry.server}`;
  return entry.kind === 'restored' ? 'renewed' : text;
}
