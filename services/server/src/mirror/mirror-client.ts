import { Cluster, type Redis } from 'ioredis';
import type { ClusterAddress, RedisAddress } from '../redis/redis-address.js';
import { clusterNodeOptions, redisAt, sharedOptions } from '../redis/redis-client.js';
import type { ConnectionHealth } from './connection-health.js';

const ANSWER_MS = 1000;
/** How often a write is led elsewhere, or sent again, before it has failed; Redis takes none twice. */
const REDIRECTIONS_MAX = 4;

/** What a mirror speaks with: one server, or every primary of a Redis Cluster. */
export type MirrorClient = Redis | Cluster;

const timeouts = { connectTimeout: ANSWER_MS, commandTimeout: ANSWER_MS };

/** One that has not begun to connect. @throws an error that does not quote the URL, which may hold a password */
export function mirrorClient(address: RedisAddress, health: ConnectionHealth): MirrorClient {
  try {
    if (address.kind === 'cluster') return clusterAt(address, health);
    return redisAt(address, {
      ...sharedOptions,
      ...timeouts,
      lazyConnect: true,
      enableOfflineQueue: false,
      retryStrategy: () => health.retryMs,
      reconnectOnError: error => error.message.includes('READONLY'),
    });
  } catch {
    throw new Error('RANKD_REDIS_URL is not a URL that Redis can be reached by');
  }
}

function clusterAt(address: ClusterAddress, health: ConnectionHealth): Cluster {
  return new Cluster([...address.seeds], {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRedirections: REDIRECTIONS_MAX,
    slotsRefreshTimeout: ANSWER_MS,
    clusterRetryStrategy: () => health.retryMs,
    // A certificate is for a name, and the library would look it up first.
    dnsLookup: (host, found) => found(null, host),
    redisOptions: { ...clusterNodeOptions(address), ...timeouts },
  });
}
