/** Describes the state of this server in its cluster for /readyz. */

import { type BlockedShard, describeBlocked } from '../blocked/blocked-shard.js';
import type { ClusterLog } from '../cluster-log.js';

/** The state of a server in its cluster. */
export type ClusterState = 'entering' | 'current' | 'doubtful' | 'blocked' | 'waiting' | 'left';

/** The answer for /readyz. */
export type DescribedReadiness = Pick<ClusterLog, 'servers' | 'epoch' | 'shardsFollowed'> & {
  readonly state: ClusterState;
  readonly reason?: string;
  readonly server: string | undefined;
  readonly lagEntries: number;
};

/** The parts of a ClusterLog that describe its state. */
type LogFacts = Pick<ClusterLog, 'servers' | 'epoch' | 'shardsFollowed' | 'lagRecords' | 'sinceLastAckMs' | 'waitsFor'>;

/** What is known about this server and its cluster. */
export interface ClusterFacts {
  readonly state: 'entering' | 'running' | 'left';
  readonly isReady: boolean;
  readonly blocked: BlockedShard | undefined;
  /** Why this server waits for a lost cluster, or looks for its servers. */
  readonly lost: string | undefined;
  /** The id and the log of the newest incarnation. */
  readonly server: string | undefined;
  readonly log: LogFacts | undefined;
  /** The log of the incarnation that is joining. */
  readonly joining: Pick<LogFacts, 'waitsFor'> | undefined;
  /** Why the last attempt to join has failed. */
  readonly fault: string | undefined;
}

/** Returns the answer for /readyz. If the server waits, the answer contains the reason. */
export function describeReadiness(facts: ClusterFacts): DescribedReadiness {
  const { log, server } = facts;
  const state = stateOf(facts);
  const reason = reasonOf(state, facts);
  return {
    state,
    ...(reason === undefined ? {} : { reason }),
    server,
    servers: log?.servers ?? [],
    epoch: log?.epoch ?? 0,
    lagEntries: log?.lagRecords ?? 0,
    shardsFollowed: log?.shardsFollowed ?? 0,
  };
}

function stateOf({ state, isReady, blocked, lost }: ClusterFacts): ClusterState {
  if (isReady) return 'current';
  if (state === 'running') return 'doubtful';
  if (state !== 'entering') return state;
  if (blocked !== undefined) return 'blocked';
  return lost === undefined ? 'entering' : 'waiting';
}

function reasonOf(state: ClusterState, facts: ClusterFacts): string | undefined {
  const { blocked, lost, log, joining, fault } = facts;
  switch (state) {
    case 'blocked':
      return blocked === undefined ? undefined : describeBlocked(blocked);
    case 'waiting':
      return lost;
    case 'entering': {
      const present = `this server joins the cluster: ${joining?.waitsFor ?? 'it waits for Redis'}`;
      return fault === undefined ? present : `${present}; the last attempt failed: ${fault}`;
    }
    case 'doubtful':
      return describeDoubt(log?.sinceLastAckMs ?? 0);
    default:
      return undefined;
  }
}

/** Describes a server that possibly lacks entries. */
export function describeDoubt(sinceLastAckMs: number): string {
  const waitedMs = Number.isFinite(sinceLastAckMs) ? Math.round(sinceLastAckMs) : 0;
  return `this server has read back no entry of its own for ${waitedMs} ms: its members are suspended`;
}
