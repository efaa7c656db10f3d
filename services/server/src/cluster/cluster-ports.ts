/** What the parts of the cluster log get from their owners. */

import type { Clock } from '../clock.js';
import type { Group, PendingEffects, ServerId } from '../core/index.js';
import type { AppliedListener } from '../log/ordered-log.js';
import type { BlockingEntry, WithShard } from './blocked/blocked-shard.js';
import type { LostHistory } from './lost-history/lost-history.js';
import type { RecordApplierPorts, RecordApplierSettings } from './record-applier.js';
import type { RecordStream, StreamBreakReason } from './stream-port.js';

/**
 * Why this server has to begin a new incarnation: a stream has broken, the other servers have declared it lost, or it cannot read or apply a
 * record.
 */
export type IncarnationEndReason = Exclude<StreamBreakReason, 'malformed'> | 'declared-lost' | BlockingEntry;

/** The settings that the replicas of all shards share in one incarnation. */
export interface ShardSettings extends RecordApplierSettings {
  /** The name of this server for operators. */
  readonly name: string;
  /** Returns the URL by which clients reach this server, for operators. Undefined until it listens. */
  readonly address?: () => string | undefined;
  /** When this incarnation began: wall time in milliseconds since 1970. */
  readonly since: number;
}

/** Receives what a ShardReplica applies, and its end. */
export interface ShardReplicaListener {
  /** Performs the effects of an entry. */
  readonly onApplied: AppliedListener;
  /** Called for each group that exists when this server joins the shard, before the first onApplied. */
  readonly onGroupLoaded: (group: Group) => void;
  /** The format of the shard was raised to one in which servers measure durations. This server has to set the timers of these effects. */
  readonly onPendingTimers: (pending: readonly PendingEffects[]) => void;
  /** A server has joined the shard, or the server `gone` has left it or was declared lost. */
  readonly onServersChanged: (gone: ServerId | undefined) => void;
  readonly onFlow: RecordApplierPorts['onFlow'];
  /** This incarnation has to end. */
  readonly onIncarnationEnd: (why: IncarnationEndReason) => void;
}

/** The functions and values that a ShardReplica gets from its owner. */
export interface ShardReplicaPorts {
  readonly clock: Clock;
  readonly stream: RecordStream;
  /** Receives how long each write to the stream took. */
  readonly recordWriteSeconds: (seconds: number) => void;
  /** Returns the format of the register. Undefined if this shard is the register. */
  readonly clusterFormat: () => number | undefined;
  readonly lostHistory: Pick<LostHistory, 'registerEpochLost' | 'recordLoss' | 'findEpochLost'>;
  readonly listener: ShardReplicaListener;
}

/** Receives what happens to a ClusterLog. */
export interface ClusterLogListener {
  /** This server has to set the timers of these effects. An earlier incarnation or another server had set them. */
  readonly onPendingTimers: (pending: PendingEffects) => void;
  /** An attempt to follow a shard has failed. It is repeated while this server needs or owns the shard. */
  readonly onUnusable: (shard: number, reason: string) => void;
  /** This server follows a shard now. */
  readonly onUsable: (shard: number) => void;
  /** This incarnation ends. An incarnation is one run of this server in the cluster. */
  readonly onIncarnationEnd: (why: ClusterEndReason) => void;
}

/** The functions and values that a ClusterLog gets from its owner. */
export interface ClusterLogPorts {
  readonly clock: Clock;
  /** The streams of all shards, by the index of the shard. */
  readonly streams: readonly RecordStream[];
  /** Receives how long each write to a stream took. */
  readonly recordWriteSeconds: (seconds: number) => void;
  readonly listener: ClusterLogListener;
}

/** Why an incarnation has ended. A blocking entry has the index of its shard. */
export type ClusterEndReason = WithShard<IncarnationEndReason>;
