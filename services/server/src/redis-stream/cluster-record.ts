import type { Redis } from 'ioredis';
import { StreamError } from '../cluster/stream-error.js';
import { clusterKey, shardName } from './keys.js';
import type { StreamSettings } from './settings.js';

/** How records, keys and snapshots are laid out; another number: this server cannot read them. */
const FORMAT = '1';

export interface ClusterRecord {
  /** Of the server that was the first to come. */
  readonly clusterId: string;
  readonly shards: number;
  /** Whether this call has begun it. */
  readonly isNew: boolean;
}

/**
 * Reads what holds for all servers on this prefix, or writes it once, for ever.
 * @throws StreamError `unsuited` where it was begun with another number of shards or in another format
 */
export async function joinCluster(redis: Redis, settings: StreamSettings, candidate: string): Promise<ClusterRecord> {
  const key = clusterKey(settings.prefix);
  const results = await redis
    .multi()
    .hsetnx(key, 'clusterId', candidate)
    .hsetnx(key, 'shards', settings.shards)
    .hsetnx(key, 'format', FORMAT)
    .hmget(key, 'clusterId', 'shards', 'format')
    .exec();
  const [began, , , read] = (results ?? []).map(([error, result]) => {
    if (error !== null) throw error;
    return result;
  });
  const [clusterId = '', shards = '', format = ''] = read as string[];
  if (format !== FORMAT) {
    throw new StreamError(
      'unsuited',
      `${key} was written in format ${format}; this server knows format ${FORMAT} only`,
    );
  }
  if (Number(shards) !== settings.shards) {
    throw new StreamError(
      'unsuited',
      `${key} was begun with ${shards} shards, and RANKD_SHARDS is ${settings.shards}; it cannot change`,
    );
  }
  return { clusterId, shards: Number(shards), isNew: began === 1 };
}

/** @throws StreamError `lost` where the cluster is not there any more */
export async function requireCluster(redis: Redis, prefix: string, clusterId: string): Promise<void> {
  const key = clusterKey(prefix);
  if ((await redis.hget(key, 'clusterId')) === clusterId) return;
  throw new StreamError(
    'lost',
    `Redis has lost the order of ranks: ${key} is not that of cluster ${clusterId} any more`,
  );
}

/** Whether this shard has had a stream. @throws StreamError `lost` where the cluster is not there any more */
export async function hasBegun(redis: Redis, prefix: string, clusterId: string, shard: number): Promise<boolean> {
  await requireCluster(redis, prefix, clusterId);
  return (await redis.hexists(clusterKey(prefix), begunField(shard))) === 1;
}

/** From now on a stream that is not there was lost. */
export async function noteBegun(redis: Redis, prefix: string, shard: number): Promise<void> {
  await redis.hsetnx(clusterKey(prefix), begunField(shard), '1');
}

function begunField(shard: number): string {
  return `begun:${shardName(shard)}`;
}
