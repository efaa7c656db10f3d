/** Parts that several messages have in common. */

import type { Cause as CauseMessage, Leader } from '@rankd/protocol';
import type { Cause, Member } from '../../core/index.js';

/** Returns a member as an element of a list in a message. */
export function memberEntry(member: Member, rank: number): { member: string; rank: number; name: string } {
  return { member: member.id, rank, name: member.name };
}

/** Returns a group's leader as a field of a message. */
export function leaderEntry(member: Member): Leader {
  return { member: member.id, name: member.name };
}

/** Returns the cause of a change as a field of a message (R-VIEW-2). */
export function causeEntry(cause: Cause): CauseMessage {
  const { kind, member, reason } = cause;
  return { kind, member: member.id, name: member.name, ...(reason === undefined ? {} : { reason }) };
}
