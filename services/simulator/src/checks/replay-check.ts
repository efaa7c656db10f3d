import type { Coordinator, Effect, Entry } from '@rankd/server/dist/core/index.js';
import type { Groups } from '@rankd/server/dist/log/ordered-log.js';
import { Violation } from '../violation.js';

/** What may come of an entry that is applied once more: the same refusal. */
const refusals: ReadonlySet<Effect['kind']> = new Set(['result-refused', 'turned-away']);
/** Requests that stand for themselves each time; time's own proposals are renewed. */
const notDoubled: ReadonlySet<Entry['kind']> = new Set(['moved', 'removed', 'grace-ended']);
/** How many entries a replica may be behind. */
const BEHIND_MAX = 40;

/** I8, I10: an entry that is applied twice changes nothing, and whoever applies the same entries stands where the first does. */
export class ReplayCheck {
  readonly #original: Coordinator;
  readonly #copy: Coordinator;
  #behind: Entry[] = [];
  #before = '';

  /** `copy`: one that nothing has been applied to. */
  constructor(original: Coordinator, copy: Coordinator) {
    this.#original = original;
    this.#copy = copy;
  }

  applied(entry: Entry): void {
    this.#behind.push(entry);
    if (this.#behind.length >= BEHIND_MAX) this.catchUp();
  }

  catchUp(): void {
    for (const entry of this.#behind.splice(0)) this.#copy.apply(entry);
    const [original, copy] = [fingerprint(this.#original.groups), fingerprint(this.#copy.groups)];
    if (original !== copy) throw new Violation('I10', `a replica stands at ${copy}, not at ${original}`);
  }

  /** Is this entry one that may be applied twice? */
  beginDouble(entry: Entry): boolean {
    // A group that is not there remembers nothing: whoever asks again is told again.
    if (entry.kind === 'frozen' || notDoubled.has(entry.kind) || !this.#original.groups.has(entry.group)) return false;
    this.#before = fingerprint(this.#original.groups);
    return true;
  }

  endDouble(entry: Entry, effects: readonly Effect[]): void {
    const effect = effects.find(({ kind }) => !refusals.has(kind));
    if (effect !== undefined)
      throw new Violation('I8', `${entry.kind}, applied once more, brings about ${effect.kind}`);
    const after = fingerprint(this.#original.groups);
    if (after !== this.#before)
      throw new Violation('I8', `${entry.kind}, applied once more, makes ${after} of ${this.#before}`);
  }
}

/** How groups stand, as one line. */
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
