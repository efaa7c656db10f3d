import type { Group, GroupEntry } from '../../../src/core/index.js';
import type { AwayPresence } from '../../../src/core/roster/member.js';
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

/** The grace period in the replay. How long members were away is known from the changes themselves. */
export const GRACE_MS = 1;

/** The absence of a member, which has lasted longer than any grace period. */
function absenceOf(away: AwayPresence): object {
  return 'absence' in away ? { absence: away.absence, ms: 86_400_000 } : {};
}

/** Turns recorded changes into the entries that cause them, so that a group can apply them again. */
export class Changing {
  readonly #group: Group;
  /** The name of each member's newest session. */
  readonly #sessions = new Map<string, string>();

  constructor(group: Group) {
    this.#group = group;
  }

  /** The replay's session of a member. */
  sessionOf(member: string): string {
    return sessionNamed(this.#sessions.get(member) ?? member);
  }

  entryOf({ seq, cause: { kind, member, name } }: Change): GroupEntry {
    const state = this.#group.roster.member(member)?.presence;
    const presence = state?.kind;
    switch (kind) {
      case 'joined':
        return joined(member, { newcomer: newcomer(member, { name }) });
      case 'away':
        // Members of an earlier order are away when an epoch begins.
        return presence === undefined
          ? restored([keptSeat(member, seq, { name })])
          : lost(member, { session: this.sessionOf(member) });
      case 'resumed':
        return this.#resumed(member, `${member} again ${seq}`);
      case 'left':
        return state?.kind === 'away'
          ? graceEnded(member, AT + GRACE_MS, { epoch: this.#group.epoch, ...absenceOf(state) })
          : goodbye(member, { session: this.sessionOf(member) });
      default:
        throw new Error(`unexpected change in a history: ${kind}`);
    }
  }

  #resumed(member: string, again: string): GroupEntry {
    const entry = resumed(member, again, hashNamed(this.#sessions.get(member) ?? member));
    this.#sessions.set(member, again);
    return entry;
  }
}
