import type { Clock } from '../clock.js';
import type { Group, GroupLimits, ServerId } from '../core/index.js';
import type { AppliedListener } from '../log/ordered-log.js';
import type { RecordRef, StreamBreakReason, RecordStream } from './stream-port.js';

/** Why a server cannot go on as it is: it begins a new incarnation. */
export type IncarnationEndReason = StreamBreakReason | 'declared-lost' | 'overfull';

/** What is left of having followed a shard, for the next time, in this incarnation of the server or another. */
export interface ShardResumePoint {
  /** The incarnation in which it did. */
  readonly server: ServerId;
  /** What it had read last. */
  readonly last: RecordRef | undefined;
  /** What it may have told of: epochs up to this one. */
  readonly epochLast: number;
  /** The number of its last batch. */
  readonly lastBatch: number;
}

export interface ShardReplicaPorts {
  readonly clock: Clock;
  readonly stream: RecordStream;
  /** This incarnation of this server, and when it began. */
  readonly server: ServerId;
  readonly since: number;
  /** Undefined where this server has never followed this shard. */
  readonly resumePoint: ShardResumePoint | undefined;
  readonly name: string;
  readonly rules: GroupLimits;
  /** What the first server of all begins with. */
  readonly epochLast: number;
  /** Is what this server sends held back until a replica has it? */
  readonly holdsUntilAcked: boolean;
  readonly perform: AppliedListener;
  /** A group that stands as this server comes: before the first entry is performed. */
  readonly found: (group: Group) => void;
  /** A server has come to this order, or has gone from it. */
  readonly serversChanged: (gone: ServerId | undefined) => void;
  /** How long a write to the stream took. */
  readonly recordWriteSeconds: (seconds: number) => void;
  readonly incarnationEnded: (why: IncarnationEndReason) => void;
}
