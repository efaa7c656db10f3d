import type { RosterMember } from '@rankd/protocol';
import type { Member } from './core/index.js';

/** A member as R-ASK-1 shows it: to sessions, on the side port and, without its rank, in the mirror. */
export function rosterRow(member: Member, rank: number): RosterMember {
  return { rank, ...memberFacts(member) };
}

export function memberFacts(member: Member): Omit<RosterMember, 'rank'> {
  return {
    member: member.id,
    name: member.name,
    slot: member.slot,
    tags: { ...member.tags },
    address: member.address,
    joinedAt: new Date(member.joinedAt).toISOString(),
    state: 'present',
  };
}
