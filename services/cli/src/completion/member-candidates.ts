import type { RosterMember } from '@rankd/protocol';
import type { Shell } from './completion-script.js';

/** R-JOIN-1. A server of another make may send any name, and one with a line break would be two candidates. */
const visible = /^[^\p{C}\p{Z}]{1,64}$/u;
const plainId = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

export interface CandidateOptions {
  readonly shell: Shell;
  /** Whether `--` stands before the word: only then a word that begins with a dash is no option. */
  readonly isAfterDashes: boolean;
}

/**
 * Returns the one word for each member that names it and nobody else: its name, or else its id. Names are as they are; the
 * shell, or `bashCandidates`, quotes them.
 */
export function memberCandidates(
  members: readonly RosterMember[],
  { shell, isAfterDashes }: CandidateOptions,
): string[] {
  const bearers = new Map<string, number>();
  for (const { member, name } of members) {
    // A member can take the id of another as its name, and an id goes before a name.
    for (const word of new Set([member, name])) bearers.set(word, (bearers.get(word) ?? 0) + 1);
  }
  // fish inserts a tilde unquoted, and would take the rest for a user whose home is meant.
  const isUsable = (name: string): boolean =>
    visible.test(name) &&
    bearers.get(name) === 1 &&
    (isAfterDashes || !name.startsWith('-')) &&
    !(shell === 'fish' && name.startsWith('~'));
  return members
    .map(({ member, name }) => (isUsable(name) ? name : member))
    .filter(word => isUsable(word) || plainId.test(word));
}
