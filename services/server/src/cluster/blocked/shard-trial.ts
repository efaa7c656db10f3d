/** Reads a shard without joining it, to find out whether this server can apply it. */

import type { Clock } from '../../clock.js';
import { LostHistory } from '../lost-history/lost-history.js';
import { ShardReplica } from '../shard-replica.js';
import type { ShardReplicaPorts, ShardSettings } from '../cluster-ports.js';
import type { RecordStream } from '../stream-port.js';
import type { BlockingEntry } from './blocked-shard.js';

/**
 * Applies the records of a shard without effects, up to the present end of its stream. Returns what this server cannot read or apply, or
 * undefined.
 * @throws StreamError if the stream cannot be opened or read.
 */
export async function findBlockingEntry(
  settings: ShardSettings,
  clock: Clock,
  stream: RecordStream,
): Promise<BlockingEntry | undefined> {
  const replica = new ShardReplica(settings, undefined, portsWithoutEffects(clock, stream));
  try {
    return await replica.findBlockingEntry();
  } finally {
    await replica.close();
  }
}

/** Returns the ports of a replica that performs no effects and calls no listener. */
export function portsWithoutEffects(clock: Clock, stream: RecordStream): ShardReplicaPorts {
  return {
    clock,
    stream,
    recordWriteSeconds: () => undefined,
    lostHistory: new LostHistory(clock, () => 0),
    clusterFormat: () => undefined,
    listener: {
      onApplied: () => undefined,
      onGroupLoaded: () => undefined,
      onPendingTimers: () => undefined,
      onServersChanged: () => undefined,
      onFlow: () => undefined,
      onIncarnationEnd: () => undefined,
    },
  };
}
