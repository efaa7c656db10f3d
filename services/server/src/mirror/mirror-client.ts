/** Creates the Redis client of the mirror. */

import { Cluster, type Redis } from 'ioredis';
import type { ClusterAddress, RedisAddress } from '../redis/redis-address.js';
import { clusterNodeOptions, createRedisClient, sharedOptions } from '../redis/redis-client.js';
import type { ConnectionHealth } from './connection-health.js';

/** The time limit of connecting, and of the answer to a command. */
const ANSWER_MS = 1000;
/**
 * How often the client follows a redirection, or repeats a write, before the write fails. Repeating is safe, because the script ignores a
 * write that it has done.
 */
const REDIRECTIONS_MAX = 4;

/** How often a Redis that loads its data is asked whether it is ready. */
const LOADING_RETRY_MS = 500;

/** The client of one Redis server, or of all primaries of a Redis Cluster. */
export type MirrorClient = Redis | Cluster;

const timeouts = { connectTimeout: ANSWER_MS, commandTimeout: ANSWER_MS };

/**
 * Creates a client that does not connect until `connect` is called.
 * @throws Error if the URL is invalid. The message omits the URL, which may contain a password.
 */
export function createMirrorClient(address: RedisAddress, health: ConnectionHealth): MirrorClient {
  try {
    if (address.kind === 'cluster') return createClusterClient(address, health);
    return createRedisClient(address, {
      ...sharedOptions,
      ...timeouts,
      lazyConnect: true,
      enableOfflineQueue: false,
      maxLoadingRetryTime: LOADING_RETRY_MS,
      retryStrategy: () => health.retryMs,
      reconnectOnError: error => error.message.includes('READONLY'),
    });
  } catch {
    throw new Error('RANKD_REDIS_URL is not the URL of a Redis: see docs/configuration.md');
  }
}

function createClusterClient(address: ClusterAddress, health: ConnectionHealth): Cluster {
  return new Cluster([...address.seeds], {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRedirections: REDIRECTIONS_MAX,
    slotsRefreshTimeout: ANSWER_MS,
    clusterRetryStrategy: () => health.retryMs,
    // TLS certificates are issued for names. Without this option, ioredis replaces the name with an address.
    dnsLookup: (host, found) => found(null, host),
    redisOptions: { ...clusterNodeOptions(address), ...timeouts },
  });
}
