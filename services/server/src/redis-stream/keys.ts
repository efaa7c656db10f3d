/** The keys of one shard. The shard is a hash tag, so all of them share a slot of Redis Cluster. */
export interface ShardKeys {
  readonly log: string;
  /** Which snapshots there are: `a` is the newest, `b` the one before it. */
  readonly snapshots: string;
  readonly snapshot: (id: string) => string;
  readonly server: (name: string) => string;
  readonly probe: string;
}

/** How a shard is called in keys and sentences: `s00`. */
export function shardName(index: number): string {
  return `s${String(index).padStart(2, '0')}`;
}

export function shardKeys(prefix: string, index: number): ShardKeys {
  const shard = `${prefix}:{${shardName(index)}}`;
  return {
    log: `${shard}:log`,
    snapshots: `${shard}:snap`,
    snapshot: id => `${shard}:snap:${id}`,
    server: name => `${shard}:server:${name}`,
    probe: `${shard}:probe`,
  };
}

/** What holds for all shards: whose they are, how many, in which format, and which have begun. */
export function clusterKey(prefix: string): string {
  return `${prefix}:cfg`;
}

/** Written to see whether a replica takes it. */
export function probeKey(prefix: string): string {
  return `${prefix}:probe`;
}

/** The same in the slot of the cluster key, where slots matter: that key is its hash tag. */
export function clusterProbeKey(prefix: string): string {
  return `${prefix}:{${clusterKey(prefix)}}:probe`;
}
