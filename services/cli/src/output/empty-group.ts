/** What rankctl says about a group without members. A group exists while it has members, so a wrong name looks like an empty group. */

const groupsHint = 'rankctl groups lists the groups that have members';

/** Returns the sentence for an error. */
export function emptyGroup(group: string): string {
  return `group ${group} has no members: ${groupsHint}`;
}

/** The line instead of a table of members. */
export const noMembersLine = `The group has no members. ${groupsHint}.`;
