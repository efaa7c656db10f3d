/** The Redis keys of a cluster. */

/** The Redis keys of one shard. The shard name is a hash tag, so all of them are in one slot of a Redis Cluster. */
export interface ShardKeys {
  readonly log: string;
  /** A hash with the ids of the stored snapshots: `a` is the newest, `b` the one before it. */
  readonly snapshots: string;
  readonly snapshot: (id: string) => string;
  readonly probe: string;
}

/** Returns the name of a shard in keys and messages. It is `s00` for shard 0. */
export function shardName(index: number): string {
  return `s${String(index).padStart(2, '0')}`;
}

/** Returns the keys of shard `index`. */
export function shardKeys(prefix: string, index: number): ShardKeys {
  const shard = `${prefix}:{${shardName(index)}}`;
  return {
    log: `${shard}:log`,
    snapshots: `${shard}:snap`,
    snapshot: id => `${shard}:snap:${id}`,
    probe: `${shard}:probe`,
  };
}

/** Returns the key of the cluster's identity: its id, its number of shards, the format, and which streams were created. */
export function clusterKey(prefix: string): string {
  return `${prefix}:cfg`;
}

/**
 * Returns the key with which a server shows that it waits for a cluster that this Redis has lost. Its hash tag is `clusterKey`, so both are
 * in the same slot.
 */
export function waitingKey(prefix: string): string {
  return `${prefix}:{${clusterKey(prefix)}}:waiting`;
}

/** Returns the key of a test write. The write checks that a replica confirms writes. */
export function probeKey(prefix: string): string {
  return `${prefix}:probe`;
}

/** Returns the key of the same test write in a Redis Cluster. Its hash tag is `clusterKey`, so it is in the same slot. */
export function clusterProbeKey(prefix: string): string {
  return `${prefix}:{${clusterKey(prefix)}}:probe`;
}
