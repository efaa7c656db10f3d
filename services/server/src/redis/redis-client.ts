/** Creates Redis clients with the options that the mirror and the streams share. */

import { Redis, type RedisOptions } from 'ioredis';
import type { ClusterAddress, RedisAddress } from './redis-address.js';

/** How long ioredis waits for a connection to close before it destroys the socket. */
export const DISCONNECT_MS = 100;

/** The options that all Redis clients share. A command is sent only once. If its connection fails, the command fails. */
export const sharedOptions = {
  // Do not send CLIENT SETINFO, because it requires one more right in Redis.
  disableClientInfo: true,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  disconnectTimeout: DISCONNECT_MS,
} satisfies RedisOptions;

/** The options for one node. `tls: {}` turns on TLS with the default settings. */
type NodeOptions = typeof sharedOptions & { username?: string; password?: string; tls?: object };

/** Returns the options for a connection to any node of a Redis Cluster. */
export function clusterNodeOptions({ credentials, transport }: ClusterAddress): NodeOptions {
  return { ...sharedOptions, ...credentials, ...(transport === 'tls' && { tls: {} }) };
}

/** The options of a client, except its address. */
type ClientOptions = Omit<RedisOptions, 'replyMapping'> & {
  readonly connectTimeout: number;
  readonly retryStrategy: () => number | null;
};

/** Creates a client for `address`. `connectTimeout` and `retryStrategy` also apply to its connections to sentinels. */
export function createRedisClient(address: Exclude<RedisAddress, ClusterAddress>, options: ClientOptions): Redis {
  if (address.kind === 'server') return new Redis(address.url, options);
  const { sentinels, primary, db, credentials, sentinelCredentials, transport } = address;
  return new Redis({
    ...options,
    ...credentials,
    sentinels: [...sentinels],
    name: primary,
    db,
    sentinelUsername: sentinelCredentials.username,
    sentinelPassword: sentinelCredentials.password,
    sentinelCommandTimeout: options.connectTimeout,
    sentinelRetryStrategy: options.retryStrategy,
    ...(transport === 'tls' && { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
  });
}
