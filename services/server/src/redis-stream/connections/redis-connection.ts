/** Creates the Redis connections of the streams. */

import { Redis, type RedisOptions } from 'ioredis';
import { StreamError } from '../../cluster/stream-error.js';
import { type ClusterAddress, parseRedisAddress, type RedisAddress } from '../../redis/redis-address.js';
import { clusterNodeOptions, DISCONNECT_MS, createRedisClient, sharedOptions } from '../../redis/redis-client.js';
import type { ClusterTopology } from './cluster-topology.js';
import { createSlotConnector } from './slot-connector.js';

/** The time limit of connecting over TCP. */
export const CONNECT_MS = 1000;
/** After this long without traffic, TCP keepalive probes the connection. */
const KEEP_ALIVE_MS = 2000;

/**
 * Options with which ioredis sends a command once or fails it. It must not queue or resend commands, because a resent append would append
 * twice. It must not reconnect either: ReconnectingConnection does so and checks the role of the server.
 */
const once = {
  ...sharedOptions,
  lazyConnect: true,
  enableOfflineQueue: false,
  retryStrategy: () => null,
  connectTimeout: CONNECT_MS,
  keepAlive: KEEP_ALIVE_MS,
} satisfies RedisOptions;

/** Which primary to connect to. `only`: the single one. `of-key`: the one that has `key` in a Redis Cluster. */
export type Primary =
  | { readonly kind: 'only'; readonly address: Exclude<RedisAddress, ClusterAddress> }
  | { readonly kind: 'of-key'; readonly nodes: ClusterTopology; readonly key: string };

/**
 * Parses RANKD_REDIS_URL.
 * @throws StreamError `unsuited` if it is invalid. The message omits the URL, which may contain a password.
 */
export function requireRedisAddress(url: string): RedisAddress {
  const address = parseRedisAddress(url);
  if (address !== undefined) return address;
  throw new StreamError('unsuited', 'RANKD_REDIS_URL is not the URL of a Redis: see docs/configuration.md');
}

/**
 * Returns a client that connects to `primary` when `connect` is called. This is the configured server, the primary that the sentinels
 * name, or the primary that the nodes of the Redis Cluster name for the key.
 */
export function createRedisConnection(primary: Primary): Redis {
  if (primary.kind === 'only') return createRedisClient(primary.address, once);
  const { nodes, key } = primary;
  return new Redis({
    ...once,
    ...clusterNodeOptions(nodes.address),
    Connector: createSlotConnector(nodes, key, DISCONNECT_MS),
  });
}
