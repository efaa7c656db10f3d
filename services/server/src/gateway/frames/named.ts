import type { Member } from '../../core/index.js';

/** A member as lists name it. */
export function named(member: Member, rank: number): { member: string; rank: number; name: string } {
  return { member: member.id, rank, name: member.name };
}
