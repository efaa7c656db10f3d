/** The words that name a member in a command line. */

import { limits, type RosterMember } from '@rankd/protocol';
import type { Shell } from './completion-script.js';

/** Characters that no name has by R-JOIN-1, except the space. */
const invisible = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;
const plainId = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

/** The properties of the typed word that limit the candidates. */
export interface CandidateOptions {
  readonly shell: Shell;
  /** Whether `--` precedes the word. Only then a word that begins with a dash is not an option. */
  readonly isAfterDashes: boolean;
}

/**
 * Returns one word for each member that names only this member: its name if possible, otherwise its id. The names are not quoted:
 * the shell, or `bashCandidates`, quotes them.
 */
export function memberCandidates(
  members: readonly RosterMember[],
  { shell, isAfterDashes }: CandidateOptions,
): string[] {
  const bearers = new Map<string, number>();
  for (const { member, name } of members) {
    // The name of a member may be the id of another member. An id is preferred to a name.
    for (const word of new Set([member, name])) bearers.set(word, (bearers.get(word) ?? 0) + 1);
  }
  // fish inserts a tilde unquoted, and would read the rest as the name of a user.
  const isUsable = (name: string): boolean =>
    isCandidate(name) &&
    name.trim() === name &&
    bearers.get(name) === 1 &&
    (isAfterDashes || !name.startsWith('-')) &&
    !(shell === 'fish' && name.startsWith('~'));
  return members
    .map(({ member, name }) => (isUsable(name) ? name : member))
    .filter(word => isUsable(word) || plainId.test(word));
}

/** Whether a name is one candidate. Another server may send any name, and one with a line end would be two candidates. */
function isCandidate(name: string): boolean {
  return name !== '' && Array.from(name).length <= limits.wordCharsMax && !invisible.test(name);
}
