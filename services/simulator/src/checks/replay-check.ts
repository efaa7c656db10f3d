/** Replays and repeats entries to check that the core is deterministic and idempotent (I8, I10). */

import type { Coordinator, Effect, Entry } from 'rankd/dist/core/index.js';
import type { Groups } from 'rankd/dist/log/ordered-log.js';
import { Violation } from '../violation.js';

/** The effects that a repeated entry may have: the same refusal again. */
const refusals: ReadonlySet<Effect['kind']> = new Set(['result-refused', 'turned-away']);
/**
 * The kinds of entries that this check does not repeat. A repeated request would be a new request, and a timer proposes again by itself.
 */
const notDoubled: ReadonlySet<Entry['kind']> = new Set(['moved', 'removed', 'resigned', 'grace-ended']);
/** How many entries the replica may be behind before it is compared. */
const BEHIND_MAX = 40;

/** Checks that a repeated entry changes nothing (I8), and that a replica with the same entries has the same state (I10). */
export class ReplayCheck {
  readonly #original: Coordinator;
  readonly #copy: Coordinator;
  #unapplied: Entry[] = [];
  #before = '';

  /** @param copy a new core to which no entry was applied */
  constructor(original: Coordinator, copy: Coordinator) {
    this.#original = original;
    this.#copy = copy;
  }

  /** Queues an applied entry for the replica. */
  recordApplied(entry: Entry): void {
    this.#unapplied.push(entry);
    if (this.#unapplied.length >= BEHIND_MAX) this.compareReplica();
  }

  /**
   * Applies the queued entries to the replica and compares it with the original.
   * @throws Violation I10
   */
  compareReplica(): void {
    for (const entry of this.#unapplied.splice(0)) this.#copy.apply(entry);
    const [original, copy] = [fingerprint(this.#original.groups), fingerprint(this.#copy.groups)];
    if (original !== copy) throw new Violation('I10', `a replica has the state ${copy}, not ${original}`);
  }

  /** Returns whether this entry may be repeated. Keeps the state before the repetition. */
  startDouble(entry: Entry): boolean {
    // A group that does not exist keeps no earlier requests, so the core answers a repeated request again.
    if (entry.kind === 'frozen' || notDoubled.has(entry.kind) || !this.#original.groups.has(entry.group)) return false;
    this.#before = fingerprint(this.#original.groups);
    return true;
  }

  /**
   * Checks the effects of the repeated entry.
   * @throws Violation I8
   */
  checkDouble(entry: Entry, effects: readonly Effect[]): void {
    const effect = effects.find(({ kind }) => !refusals.has(kind));
    if (effect !== undefined)
      throw new Violation('I8', `${entry.kind}, applied a second time, has the effect ${effect.kind}`);
    const after = fingerprint(this.#original.groups);
    if (after !== this.#before)
      throw new Violation('I8', `${entry.kind}, applied a second time, changes ${this.#before} to ${after}`);
  }
}

/** Returns the state of all groups as one line, for comparisons. */
export function fingerprint(groups: Pick<Groups, 'values'>): string {
  let text = '';
  for (const { name, epoch, view, seq, commandsOpen, waiting, roster } of groups.values()) {
    text += `${name} ${epoch}.${view}.${seq} ${commandsOpen} open, ${waiting.join()} waiting:`;
    for (let rank = 0; rank < roster.size; rank += 1) {
      const member = roster.at(rank);
      if (member === undefined) continue;
      const { id, slot, presence, lastCommand, secrets } = member;
      const where = presence.kind === 'present' ? presence.session : presence.kind;
      text += ` ${id}/${slot}/${where}/${lastCommand}/${secrets.current}/${secrets.earlier ?? ''}`;
    }
  }
  return text;
}
