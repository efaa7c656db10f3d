/** The queries about groups, and the form of their answers. */

import type { GroupSummary, RosterMember } from '@rankd/protocol';

/** The read-only queries of the side port and the activity samples. */
export interface GroupQueries {
  /**
   * In a cluster, starts to follow the shard of a group, or all shards if `group` is undefined. Resolves after one second at the latest.
   * Must be called before a query, because a server knows only the groups of shards that it follows.
   */
  followGroup(group: string | undefined): Promise<void>;
  /** Returns a summary of each group that this server follows. */
  listGroups(): readonly GroupSummary[];
  /** Returns the roster of a group, or undefined if this server does not know the group. */
  readRoster(group: string): RosterListing | undefined;
  /** Returns the number of sessions on the waitlist of a group. 0 if this server does not know the group. */
  countWaiting(group: string): number;
  /** Returns whether this server accepts members, and the state of its cluster and its mirror. */
  readReadiness(): Readiness;
}

/** The whole roster of a group. The fields are those of R-ASK-1. */
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
  /** Why this server does not admit members, if Redis or the shared order is the reason. */
  readonly reason?: string | undefined;
  /** Undefined for a server without a cluster. */
  readonly cluster?: ClusterReadiness;
  /** The state of the mirror. A mirror that goes down while the server runs does not affect `ready`. */
  readonly mirror: MirrorReadiness | { readonly state: 'none' };
}

/** The state of this server in its cluster. It accepts members only in the state `current`. */
export interface ClusterReadiness {
  readonly state: 'entering' | 'current' | 'doubtful' | 'blocked' | 'waiting' | 'left';
  /** Why this server waits. Undefined in the states `current` and `left`. */
  readonly reason?: string | undefined;
  /** The id of the present incarnation: this run of the server. */
  readonly server: string | undefined;
  /** The servers of the cluster, in the order in which they joined. */
  readonly servers: readonly {
    readonly id: string;
    readonly name: string;
    /** The URL by which clients reach it. Undefined if it has not announced one. */
    readonly address?: string | undefined;
    readonly upAt: number;
    /** The last record of shard 0 that the server had applied when it sent its last heartbeat. */
    readonly applied: string;
  }[];
  /** The largest epoch of the followed streams. */
  readonly epoch: number;
  /** The number of records that were read and not applied yet. */
  readonly lagEntries: number;
  /** The number of shards that this server follows: those that its sessions need, those that it owns, and shard 0. */
  readonly shardsFollowed: number;
}

/** The state of the mirror. */
export interface MirrorReadiness {
  readonly state: 'up' | 'down';
  readonly lagViews: number;
  /** Why the mirror is down. */
  readonly reason?: string | undefined;
}
