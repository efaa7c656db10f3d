/** What a member knows about itself, for programs: `GET /self` and the state file (R-PROG-9). */

import type { Fence, Membership } from '@rankd/client';
import type { Leader } from '@rankd/protocol';

/** The properties of a membership that the report has. */
export type ReportedMember = Pick<
  Membership,
  'member' | 'name' | 'rank' | 'size' | 'slot' | 'leader' | 'fence' | 'view'
>;

/** The state of a member. Null stands for what the member does not know at the moment. It has no secret. */
export interface SelfReport {
  readonly group: string;
  readonly member: string | null;
  readonly name: string | null;
  /** Null while the member must not act on its rank. */
  readonly rank: number | null;
  readonly size: number | null;
  readonly slot: number | null;
  /** Whether the member has rank 0 and may act on it. */
  readonly leads: boolean;
  readonly suspended: boolean;
  readonly leader: Leader | null;
  /** The fencing token while the member leads, otherwise null. */
  readonly fence: Fence | null;
  readonly view: number | null;
  readonly epoch: number | null;
}

/**
 * Reads the state of a member at this moment. Each call asks the clock, so that the rank of an expired lease is null.
 * @param group the group that the member joins, also before it has a session
 */
export function readSelf(member: ReportedMember, group: string): SelfReport {
  const { rank, leader, fence } = member;
  return {
    group,
    member: member.member ?? null,
    name: member.name ?? null,
    rank: rank ?? null,
    size: member.size ?? null,
    slot: member.slot ?? null,
    leads: rank === 0,
    suspended: rank === undefined,
    leader: leader === undefined ? null : { member: leader.member, name: leader.name },
    fence: fence === undefined ? null : { epoch: fence.epoch, view: fence.view },
    view: member.view?.view ?? null,
    epoch: member.view?.epoch ?? null,
  };
}
