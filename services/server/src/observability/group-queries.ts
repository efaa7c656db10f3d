import type { RosterMember } from '@rankd/protocol';

/** What the side port and the activity samples ask about the groups. Read only. */
export interface GroupQueries {
  /** Resolves when this server follows the group, or every group if `group` is undefined; after a second in any case. */
  followGroup(group: string | undefined): Promise<void>;
  groups(): readonly GroupSummary[];
  /** Returns undefined if there is no such group. */
  roster(group: string): RosterListing | undefined;
  /** Returns how many sessions wait for a seat in the group: 0 if there is no such group. */
  waiting(group: string): number;
  readiness(): Readiness;
}

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

/** The roster as in R-ASK-1, whole. */
export interface RosterListing {
  readonly group: string;
  readonly epoch: number;
  readonly view: number;
  readonly size: number;
  readonly members: readonly RosterMember[];
}

export interface Readiness {
  readonly ready: boolean;
  readonly state: 'starting' | 'accepting' | 'draining';
  /** Where it is one of several. */
  readonly cluster?: ClusterReadiness;
  /** The mirror is for people to look at: it never makes the server unready. */
  readonly mirror: MirrorReadiness | { readonly state: 'none' };
}

/** How a server of a cluster stands: it takes members only while it is `current`. */
export interface ClusterReadiness {
  readonly state: 'entering' | 'current' | 'doubtful' | 'left';
  /** This life of this server. */
  readonly server: string | undefined;
  /** In the order in which they came. */
  readonly servers: readonly {
    readonly id: string;
    readonly name: string;
    readonly upAt: number;
    /** The last record of the first stream that it had applied when it was last heard. */
    readonly applied: string;
  }[];
  /** The largest among its streams. */
  readonly epoch: number;
  /** What was read of the order and is not applied yet. */
  readonly lagEntries: number;
  /** How many of its streams this server follows: those of its members, those that are its to keep, and the first. */
  readonly shardsFollowed: number;
}

export interface MirrorReadiness {
  readonly state: 'up' | 'down';
  readonly lagViews: number;
  /** Why it is down. */
  readonly reason?: string | undefined;
}
