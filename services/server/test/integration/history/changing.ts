import type { Group, GroupEntry } from '../../../src/core/index.js';
import {
  AT,
  goodbye,
  graceEnded,
  hashNamed,
  joined,
  keptSeat,
  lost,
  newcomer,
  restored,
  resumed,
  sessionNamed,
} from '../../unit/core/reference/entries.js';
import type { Change } from './history.js';

/** The grace of whoever is away; how long it was in truth, the changes themselves tell. */
export const GRACE_MS = 1;

/** The entries that bring about the changes that were told, as a group lives through them once more. */
export class Changing {
  readonly #group: Group;
  /** Under which names each member was in its newest session. */
  readonly #sessions = new Map<string, string>();

  constructor(group: Group) {
    this.#group = group;
  }

  /** The session of a member, by what the replay calls it. */
  sessionOf(member: string): string {
    return sessionNamed(this.#sessions.get(member) ?? member);
  }

  entryOf({ seq, cause: { kind, member, name } }: Change): GroupEntry {
    const presence = this.#group.roster.member(member)?.presence.kind;
    switch (kind) {
      case 'joined':
        return joined(member, { newcomer: newcomer(member, { name }) });
      case 'away':
        // Whoever was in the order of before is away as an epoch begins.
        return presence === undefined
          ? restored([keptSeat(member, seq, { name })])
          : lost(member, { session: this.sessionOf(member) });
      case 'resumed':
        return this.#resumed(member, `${member} again ${seq}`);
      case 'left':
        return presence === 'away'
          ? graceEnded(member, AT + GRACE_MS, { epoch: this.#group.epoch })
          : goodbye(member, { session: this.sessionOf(member) });
      default:
        throw new Error(`no history here has a member ${kind}`);
    }
  }

  #resumed(member: string, again: string): GroupEntry {
    const entry = resumed(member, again, hashNamed(this.#sessions.get(member) ?? member));
    this.#sessions.set(member, again);
    return entry;
  }
}
