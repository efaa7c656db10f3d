import type { RosterMember } from '@rankd/protocol';

/** The read-only queries about groups that the side port and the activity samples use. */
export interface GroupQueries {
  /** Follows the group in a cluster, or every group if `group` is undefined. Resolves after one second at the latest. */
  followGroup(group: string | undefined): Promise<void>;
  /** Returns a summary of each group that this server follows. */
  listGroups(): readonly GroupSummary[];
  /** Returns the roster of a group, or undefined if there is no such group. */
  readRoster(group: string): RosterListing | undefined;
  /** Returns how many sessions wait for a seat in the group: 0 if there is no such group. */
  countWaiting(group: string): number;
  /** Returns whether this server accepts members, and the state of its cluster and its mirror. */
  readReadiness(): Readiness;
}

/** One group in the answer to /api/groups. */
export interface GroupSummary {
  readonly group: string;
  readonly epoch: number;
  readonly view: number;
  readonly size: number;
  /** Sessions that wait for a seat. */
  readonly waiting: number;
  readonly membersMax: number;
  readonly leader: { readonly member: string; readonly name: string } | null;
}

/** The whole roster of a group, with the fields of R-ASK-1. */
export interface RosterListing {
  readonly group: string;
  readonly epoch: number;
  readonly view: number;
  readonly size: number;
  readonly members: readonly RosterMember[];
}

/** The answer to /readyz. */
export interface Readiness {
  readonly ready: boolean;
  /** `starting` lasts until the last order in Redis has been read (R-VIEW-6); in `standby` another server keeps the order. */
  readonly state: 'starting' | 'accepting' | 'draining' | 'standby';
  /** Why this server does not admit members, if Redis is the reason. */
  readonly reason?: string | undefined;
  /** Only in a cluster. */
  readonly cluster?: ClusterReadiness;
  /** The state of the mirror. If it goes down later, that does not affect `ready`. */
  readonly mirror: MirrorReadiness | { readonly state: 'none' };
}

/** The state of this server in its cluster. It admits members only in the state `current`. */
export interface ClusterReadiness {
  readonly state: 'entering' | 'current' | 'doubtful' | 'left';
  /** The id of the present incarnation of this server. */
  readonly server: string | undefined;
  /** The servers of the cluster, in the order in which they joined. */
  readonly servers: readonly {
    readonly id: string;
    readonly name: string;
    readonly upAt: number;
    /** The last record of shard 0 that the server had applied at its last heartbeat. */
    readonly applied: string;
  }[];
  /** The largest epoch of the followed streams. */
  readonly epoch: number;
  /** Records that were read but not applied yet. */
  readonly lagEntries: number;
  /** How many shards this server follows: those that its sessions need, those that it owns, and shard 0. */
  readonly shardsFollowed: number;
}

/** The state of the mirror. */
export interface MirrorReadiness {
  readonly state: 'up' | 'down';
  readonly lagViews: number;
  /** Why the mirror is down. */
  readonly reason?: string | undefined;
}
