import type { RosterMember } from '@rankd/protocol';
import type { Member, RosterChangedEffect } from './core/index.js';

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
    state: member.presence.kind === 'present' ? 'present' : 'away',
  };
}

/** A change of the roster as whoever watches a group over HTTP is told it; whoever comes or comes back with its row. */
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
