import type { Cause as CauseMessage, Leader } from '@rankd/protocol';
import type { Cause, Member } from '../../core/index.js';

/** A member as an entry of a list in a message. */
export function memberEntry(member: Member, rank: number): { member: string; rank: number; name: string } {
  return { member: member.id, rank, name: member.name };
}

/** A group's leader as a field of a message. */
export function leaderEntry(member: Member): Leader {
  return { member: member.id, name: member.name };
}

/** The cause of a change as a field of a message. */
export function causeEntry(cause: Cause): CauseMessage {
  const { kind, member, reason } = cause;
  return { kind, member: member.id, name: member.name, ...(reason === undefined ? {} : { reason }) };
}
