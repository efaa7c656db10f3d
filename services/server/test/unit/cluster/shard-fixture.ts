import type { Clock } from '../../../src/clock.js';
import type { ClusterLogPorts } from '../../../src/cluster/cluster-log.js';
import type { ShardReplicaPorts } from '../../../src/cluster/shard-replica.js';
import type { RecordStream } from '../../../src/cluster/stream-port.js';
import { rulesOf } from '../core/reference/entries.js';

/** What a server brings to a shard in which nobody hears what happens; `own`: what is different this time. */
export function shardPortsOf(
  server: string,
  clock: Clock,
  stream: RecordStream,
  own: Partial<ShardReplicaPorts> = {},
): ShardReplicaPorts {
  return {
    ...settingsOf(server, clock),
    stream,
    resumePoint: undefined,
    perform: () => undefined,
    found: () => undefined,
    serversChanged: () => undefined,
    ...own,
  };
}

/** The same of all shards. */
export function clusterPortsOf(
  server: string,
  clock: Clock,
  streams: readonly RecordStream[],
  own: Partial<ClusterLogPorts> = {},
): ClusterLogPorts {
  return {
    ...settingsOf(server, clock),
    streams,
    resumePoint: undefined,
    unusable: () => undefined,
    restoreTimers: () => undefined,
    ...own,
  };
}

function settingsOf(
  server: string,
  clock: Clock,
): Omit<ShardReplicaPorts, 'stream' | 'resumePoint' | 'perform' | 'found' | 'serversChanged'> {
  return {
    clock,
    server,
    since: 0,
    name: server,
    rules: rulesOf(),
    epochLast: 0,
    holdsUntilAcked: false,
    recordWriteSeconds: () => undefined,
    incarnationEnded: () => undefined,
  };
}
