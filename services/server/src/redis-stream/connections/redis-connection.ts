import { Redis, type RedisOptions } from 'ioredis';
import { readRedisAddress, type ClusterAddress, type RedisAddress } from '../../redis/redis-address.js';
import { clusterNodeOptions, DISCONNECT_MS, redisAt, sharedOptions } from '../../redis/redis-client.js';
import type { ClusterTopology } from './cluster-topology.js';
import { connectorTo } from './slot-connector.js';
import { StreamError } from '../../cluster/stream-error.js';

export const CONNECT_MS = 1000;
const KEEP_ALIVE_MS = 2000;

/**
 * A command is sent once, on the connection it was given to, or fails: nothing waits in the library, nothing is sent again
 * (that would append twice). No reconnecting either: a line makes a new one, and looks whom it has reached.
 */
const once = {
  ...sharedOptions,
  lazyConnect: true,
  enableOfflineQueue: false,
  retryStrategy: () => null,
  connectTimeout: CONNECT_MS,
  keepAlive: KEEP_ALIVE_MS,
} satisfies RedisOptions;

/** Which primary is meant: the only one that there is, or in a Redis Cluster that of a key. */
export type Primary =
  | { readonly kind: 'only'; readonly address: Exclude<RedisAddress, ClusterAddress> }
  | { readonly kind: 'of-key'; readonly nodes: ClusterTopology; readonly key: string };

/** @throws StreamError `unsuited`, without a word of the URL, which may hold a password */
export function addressOf(url: string): RedisAddress {
  const address = readRedisAddress(url);
  if (address !== undefined) return address;
  throw new StreamError('unsuited', 'RANKD_REDIS_URL is not a URL that Redis can be reached by');
}

/** A connection to that server, to whom the sentinels name now, or to whom the nodes of a Redis Cluster name for the key. */
export function redisConnection(primary: Primary): Redis {
  if (primary.kind === 'only') return redisAt(primary.address, once);
  const { nodes, key } = primary;
  return new Redis({
    ...once,
    ...clusterNodeOptions(nodes.address),
    Connector: connectorTo(nodes, key, DISCONNECT_MS),
  });
}
