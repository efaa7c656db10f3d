/** Members and changes as JSON objects, for messages, the side port and the mirror. */

import type { RosterMember } from '@rankd/protocol';
import type { Member, RosterChangedEffect } from './core/index.js';

/** Returns a member as R-ASK-1 shows it: in `roster` and `view` messages, and on the side port. */
export function rosterRow(member: Member, rank: number): RosterMember {
  return { rank, ...memberFacts(member) };
}

/** Returns the row of a member without its rank. The mirror stores it. */
export function memberFacts(member: Member): Omit<RosterMember, 'rank'> {
  return {
    member: member.id,
    name: member.name,
    slot: member.slot,
    tags: { ...member.tags },
    address: member.address,
    joinedAt: new Date(member.joinedAt).toISOString(),
    state: member.presence.kind === 'present' ? 'present' : 'away',
  };
}

/**
 * Returns a change of the roster as the event streams of the side port show it. For a member that has joined or resumed, it contains the
 * member's row.
 */
export function changeRow({ epoch, view, seq, at, size, cause }: RosterChangedEffect): Record<string, unknown> {
  const { kind, member, rank, reason } = cause;
  return {
    epoch,
    view,
    seq,
    at: new Date(at).toISOString(),
    size,
    cause: { kind, member: member.id, name: member.name, rank, reason },
    ...(kind === 'joined' || kind === 'resumed' ? { [kind]: rosterRow(member, rank) } : {}),
  };
}
