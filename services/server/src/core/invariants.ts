/** The invariants of the core. */

import type { Group } from './group.js';
import { InvariantError } from './invariant-error.js';

/**
 * Checks the invariants of a group, which hold after every entry. It reads all members, so only tests and the simulator call it.
 * @throws InvariantError if an invariant is broken.
 */
export function assertInvariants(group: Group): void {
  const { roster } = group;
  const slots = new Set<number>();
  for (let rank = 0; rank < roster.size; rank += 1) {
    const member = roster.at(rank);
    if (member === undefined) throw new InvariantError(`rank ${rank} of ${roster.size} is vacant`);
    if (roster.rankOf(member) !== rank)
      throw new InvariantError(`member ${member.id} at rank ${rank} has another rank stored`);
    if (roster.member(member.id) !== member) throw new InvariantError(`member ${member.id} is not found by its id`);
    if (slots.has(member.slot)) throw new InvariantError(`slot ${member.slot} is held twice`);
    slots.add(member.slot);
  }
  if (roster.at(roster.size) !== undefined) throw new InvariantError(`there is a member past rank ${roster.size - 1}`);
  const away = roster.slice().filter(({ presence }) => presence.kind === 'away').length;
  if (away !== roster.away.size) throw new InvariantError(`${away} members are away, not ${roster.away.size}`);
  if (group.seq < group.view) throw new InvariantError(`seq ${group.seq} is behind view ${group.view}`);
}
