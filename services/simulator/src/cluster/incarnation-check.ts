import type { Effect, Entry } from '@rankd/server/dist/core/index.js';
import type { Groups, Origin } from '@rankd/server/dist/log/ordered-log.js';
import { CommandLedger } from '../checks/command-ledger.js';
import { ReferenceRoster } from '../checks/reference-roster.js';
import { fingerprint } from '../checks/replay-check.js';
import { GROUP } from '../settings.js';
import { Violation } from '../violation.js';
import type { History } from './history.js';
import { HistoryCursor } from './history-cursor.js';

/** What it wants in the order; `may`: where it did not follow the group when it said so, perhaps nobody heard it. */
interface Proposal {
  readonly text: string;
  readonly may: 'vanish' | 'not vanish';
}

/** What one life of a server proposes and applies, held against what stands in Redis and against all other servers. */
export class IncarnationCheck {
  readonly server: string;
  readonly groups: Groups;
  readonly #membersMax: number;
  #order: ReferenceRoster;
  #commands: CommandLedger;
  readonly #history: History;
  #reading: HistoryCursor;
  /** What it has proposed and not applied. */
  #proposed: Proposal[] = [];
  #state: 'away' | 'unknowing' | 'following' = 'away';

  constructor(server: string, groups: Groups, history: History, membersMax: number) {
    this.server = server;
    this.groups = groups;
    this.#history = history;
    this.#membersMax = membersMax;
    [this.#order, this.#commands, this.#reading] = this.#begin();
  }

  /** What it has told of the group since it began to follow it. */
  get order(): ReferenceRoster {
    return this.#order;
  }

  /** A server that does not follow the group proposes what its timers bring; that goes nowhere, for others say the same. */
  proposes(entry: Entry): void {
    this.#proposed.push({ text: JSON.stringify(entry), may: this.#state === 'away' ? 'vanish' : 'not vanish' });
  }

  /** It follows the group, perhaps again: what it told of before, clients may hear until then. */
  reached(): void {
    if (this.#state !== 'away') return;
    this.#state = 'unknowing';
    [this.#order, this.#commands, this.#reading] = this.#begin();
  }

  left(): void {
    this.#state = 'away';
    this.#proposed = [];
  }

  applied(entry: Entry, effects: readonly Effect[], origin: Origin): void {
    this.reached();
    const text = JSON.stringify(entry);
    if (!this.#reading.take(keyOf(entry, text)))
      throw new Violation('ORDER', `${this.server} applies what does not stand there in the stream: ${text}`);
    if (origin === 'here' && entry.kind !== 'server-gone' && entry.kind !== 'restored') this.#apply(text);
    this.#follow(entry, effects);
    this.#compare();
  }

  /** All of what stands has been applied, and what it proposed is part of it. */
  settled(): void {
    const { owed } = this.#reading;
    if (owed === undefined) throw new Violation('ORDER', `${this.server} has applied what was lost, and lives on`);
    if (owed[0] !== undefined) throw new Violation('ORDER', `${this.server} has not applied ${owed[0]}`);
    const owing = this.#proposed.find(({ may }) => may === 'not vanish');
    if (owing !== undefined)
      throw new Violation('ONCE', `${this.server} has proposed what was never applied: ${owing.text}`);
    if (this.#commands.openCount > 0) throw new Violation('I11', `${this.#commands.openCount} commands are open`);
  }

  #begin(): [ReferenceRoster, CommandLedger, HistoryCursor] {
    const order = new ReferenceRoster(this.#membersMax);
    // Nobody's outcome is late while Redis, or the server, is away.
    return [order, new CommandLedger(order, Infinity), new HistoryCursor(this.#history)];
  }

  #apply(text: string): void {
    const next = this.#proposed.findIndex(proposed => proposed.text === text || proposed.may === 'not vanish');
    const [proposed] = this.#proposed.splice(0, next + 1).slice(-1);
    if (proposed?.text !== text)
      throw new Violation('ONCE', `${this.server} applies ${text} of its own, and not ${proposed?.text ?? 'nothing'}`);
    const record = this.#reading.point?.record;
    if (record !== undefined) record.isActedOn = true;
  }

  /** A life that begins with a snapshot, or anew, takes the first state that it is in for granted: the others vouch for it. */
  #follow(entry: Entry, effects: readonly Effect[]): void {
    const group = this.groups.get(GROUP);
    const isFirstOfAll = effects.some(effect => effect.kind === 'roster-changed' && effect.view === 1);
    if (group !== undefined && (entry.kind === 'restored' || (this.#state === 'unknowing' && !isFirstOfAll))) {
      this.#order.startFrom(group);
      this.#commands.startFrom(group);
    } else if (this.#state === 'following' || isFirstOfAll) {
      this.#order.applied(entry, effects, this.groups);
      this.#commands.applied(entry, effects, this.groups);
    }
    if (group !== undefined) this.#state = 'following';
  }

  /** I10: behind the same item every server stands alike. */
  #compare(): void {
    const { point } = this.#reading;
    if (point === undefined) return;
    const { record, items } = point;
    const print = fingerprint(this.groups);
    record.prints[items] ??= print;
    if (record.prints[items] !== print)
      throw new Violation(
        'I10',
        `${this.server} stands at ${print} behind ${record.id}, not at ${record.prints[items]}`,
      );
  }
}

/** What is applied, as it is called in the history. */
function keyOf(entry: Entry, text: string): string {
  if (entry.kind === 'server-gone') return `gone ${entry.server}`;
  return entry.kind === 'restored' ? 'renewed' : text;
}
