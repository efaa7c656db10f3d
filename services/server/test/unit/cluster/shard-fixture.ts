import type { Clock } from '../../../src/clock.js';
import { ClusterLog } from '../../../src/cluster/cluster-log.js';
import type { ClusterLogListener } from '../../../src/cluster/cluster-ports.js';
import type { ClusterResumePoint } from '../../../src/cluster/lost-history/resume-point.js';
import { logFormats } from '../../../src/cluster/formats/log-format.js';
import { portsWithoutEffects } from '../../../src/cluster/blocked/shard-trial.js';
import { ShardReplica } from '../../../src/cluster/shard-replica.js';
import type { ShardReplicaListener, ShardSettings } from '../../../src/cluster/cluster-ports.js';
import type { RecordStream } from '../../../src/cluster/stream-port.js';
import { rulesOf } from '../core/reference/entries.js';

/** The settings that one test changes. */
export interface LogOptions<Listener> {
  readonly settings?: Partial<ShardSettings>;
  readonly listener?: Partial<Listener>;
}

export interface ClusterLogOptions extends LogOptions<ClusterLogListener> {
  readonly resumePoint?: ClusterResumePoint;
}

/** Creates a replica for a server that has never followed the shard. */
export function createReplica(
  server: string,
  clock: Clock,
  stream: RecordStream,
  { settings, listener }: LogOptions<ShardReplicaListener> = {},
): ShardReplica {
  const ports = portsWithoutEffects(clock, stream);
  return new ShardReplica({ ...settingsOf(server), ...settings }, undefined, {
    ...ports,
    listener: { ...ports.listener, ...listener },
  });
}

/** Creates the log of a server, with one stream for each shard. */
export function createClusterLog(
  server: string,
  clock: Clock,
  streams: readonly RecordStream[],
  { settings, resumePoint, listener }: ClusterLogOptions = {},
): ClusterLog {
  return new ClusterLog({ ...settingsOf(server), ...settings }, resumePoint, {
    clock,
    streams,
    recordWriteSeconds: () => undefined,
    listener: {
      onPendingTimers: () => undefined,
      onUnusable: () => undefined,
      onUsable: () => undefined,
      onIncarnationEnd: () => undefined,
      ...listener,
    },
  });
}

/** The settings of a server that joins a new cluster. */
export function settingsOf(server: string): ShardSettings {
  return {
    server,
    name: server,
    since: 0,
    rules: rulesOf(),
    epochLast: 0,
    holdsUntilAcked: false,
    formats: logFormats,
  };
}
