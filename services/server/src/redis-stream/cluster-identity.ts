/** The identity of a cluster in Redis: its id, its number of shards, and which streams were created. */

import type { Redis } from 'ioredis';
import { StreamError } from '../cluster/stream-error.js';
import { clusterKey, shardName } from './keys.js';
import type { StreamSettings } from './settings.js';

/** The format of records, keys and snapshots. A server refuses data in another format. */
const FORMAT = '1';

/** The values that all servers on one key prefix share. The first server writes them. They never change. */
export interface ClusterIdentity {
  /** A random id that the first server has chosen. */
  readonly clusterId: string;
  readonly shards: number;
  /** Whether this call created the identity. */
  readonly isNew: boolean;
}

/** The identity with which a server creates a cluster. */
export interface ClusterCandidate {
  readonly clusterId: string;
  /** The clusters that Redis has lost and that the new cluster replaces, by the decision of an operator. */
  readonly replaces?: readonly string[];
}

/** The cluster that Redis has. */
export interface StoredCluster {
  readonly clusterId: string;
  /** The lost clusters that it replaces. Their servers may join it. */
  readonly replaces: readonly string[];
}

/** Returns the cluster that Redis has, or undefined if it has none. */
export async function readStoredCluster(redis: Redis, prefix: string): Promise<StoredCluster | undefined> {
  const [clusterId, replaces] = await redis.hmget(clusterKey(prefix), 'clusterId', 'replaces');
  if (typeof clusterId !== 'string') return undefined;
  return { clusterId, replaces: (replaces ?? '').split(' ').filter(id => id !== '') };
}

/** Records that the cluster replaces these lost clusters too. */
export async function addReplacedClusters(redis: Redis, prefix: string, replaces: readonly string[]): Promise<void> {
  const stored = await readStoredCluster(redis, prefix);
  const all = new Set([...(stored?.replaces ?? []), ...replaces]);
  await redis.hset(clusterKey(prefix), 'replaces', [...all].join(' '));
}

/**
 * Reads the identity of the cluster, or creates it with the id `candidate`.
 * @throws StreamError `unsuited` if the stored number of shards or the stored format differs from that of this server.
 */
export async function readOrCreateIdentity(
  redis: Redis,
  settings: StreamSettings,
  { clusterId: candidate, replaces = [] }: ClusterCandidate,
): Promise<ClusterIdentity> {
  const key = clusterKey(settings.prefix);
  const creation = redis
    .multi()
    .hsetnx(key, 'clusterId', candidate)
    .hsetnx(key, 'shards', settings.shards)
    .hsetnx(key, 'format', FORMAT);
  if (replaces.length > 0) creation.hsetnx(key, 'replaces', replaces.join(' '));
  const results = await creation.hmget(key, 'clusterId', 'shards', 'format').exec();
  const read = (results ?? []).map(([error, result]) => {
    if (error !== null) throw error;
    return result;
  });
  const [began] = read;
  const [clusterId = '', shards = '', format = ''] = read.at(-1) as string[];
  if (format !== FORMAT) {
    throw new StreamError(
      'unsuited',
      `${key} was written in format ${format}; this server supports only format ${FORMAT}`,
    );
  }
  if (Number(shards) !== settings.shards) {
    throw new StreamError(
      'unsuited',
      `${key} was created with ${shards} shards, and RANKD_SHARDS is ${settings.shards}: set RANKD_SHARDS to ${shards}`,
    );
  }
  return { clusterId, shards: Number(shards), isNew: began === 1 };
}

/**
 * Checks that Redis still has the cluster with this id.
 * @throws StreamError `lost` if Redis no longer has it.
 */
export async function requireSameCluster(redis: Redis, prefix: string, clusterId: string): Promise<void> {
  const key = clusterKey(prefix);
  if ((await redis.hget(key, 'clusterId')) === clusterId) return;
  throw new StreamError(
    'lost',
    `Redis has lost the order of ranks: ${key} no longer belongs to cluster ${clusterId}: see docs/operations/several-servers.md`,
  );
}

/**
 * Returns whether the stream of this shard was ever created.
 * @throws StreamError `lost` if Redis does not have the cluster any longer.
 */
export async function wasStreamCreated(
  redis: Redis,
  prefix: string,
  clusterId: string,
  shard: number,
): Promise<boolean> {
  await requireSameCluster(redis, prefix, clusterId);
  return (await redis.hexists(clusterKey(prefix), createdField(shard))) === 1;
}

/** Records that the stream of this shard was created. If the stream is missing later, Redis has lost it. */
export async function markStreamCreated(redis: Redis, prefix: string, shard: number): Promise<void> {
  await redis.hsetnx(clusterKey(prefix), createdField(shard), '1');
}

function createdField(shard: number): string {
  return `begun:${shardName(shard)}`;
}
