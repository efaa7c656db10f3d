import type { RosterMember } from '@rankd/protocol';

/** What the side port may look at: the groups as they stand, read only. */
export interface Directory {
  groups(): readonly GroupSummary[];
  /** Undefined where there is no such group. */
  roster(group: string): RosterListing | undefined;
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
  /** The mirror is for people to look at: it never makes the server unready. */
  readonly mirror: MirrorReadiness | { readonly state: 'none' };
}

export interface MirrorReadiness {
  readonly state: 'up' | 'down';
  readonly lagViews: number;
  /** Why it is down. */
  readonly reason?: string | undefined;
}
