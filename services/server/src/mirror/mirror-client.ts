/** Creates the Redis client of the mirror. */

import { Cluster, type Redis } from 'ioredis';
import type { ClusterAddress, RedisAddress } from '../redis/redis-address.js';
import { clusterNodeOptions, createRedisClient, sharedOptions } from '../redis/redis-client.js';
import type { ConnectionHealth } from './connection-health.js';

const ANSWER_MS = 1000;
/** How often the client follows a redirection or resends a write before the write fails. The script ignores a repeated write. */
const REDIRECTIONS_MAX = 4;

/** How often a Redis that loads its data is asked whether it is ready. */
const LOADING_RETRY_MS = 500;

/** The Redis client of a mirror: for one server, or for all primaries of a Redis Cluster. */
export type MirrorClient = Redis | Cluster;

const timeouts = { connectTimeout: ANSWER_MS, commandTimeout: ANSWER_MS };

/**
 * Creates a client that does not connect before `connect` is called.
 * @throws Error if the URL is invalid; the message omits the URL, which may contain a password
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
    throw new Error('RANKD_REDIS_URL is not a URL that Redis can be reached by');
  }
}

function createClusterClient(address: ClusterAddress, health: ConnectionHealth): Cluster {
  return new Cluster([...address.seeds], {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRedirections: REDIRECTIONS_MAX,
    slotsRefreshTimeout: ANSWER_MS,
    clusterRetryStrategy: () => health.retryMs,
    // TLS certificates are issued for names, and ioredis would replace the name with an address.
    dnsLookup: (host, found) => found(null, host),
    redisOptions: { ...clusterNodeOptions(address), ...timeouts },
  });
}
