import { Redis, type RedisOptions } from 'ioredis';
import type { ClusterAddress, RedisAddress } from './redis-address.js';

/** How long a connection that is given up may take to close by itself. */
export const DISCONNECT_MS = 100;

/** What the clients of the mirror and of the streams have in common: a command is sent once, on one connection, or fails. */
export const sharedOptions = {
  // To tell Redis what library this is would take one more right, and nobody asks.
  disableClientInfo: true,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  disconnectTimeout: DISCONNECT_MS,
} satisfies RedisOptions;

/** `tls` turns TLS on, with the defaults. */
type NodeOptions = typeof sharedOptions & { username?: string; password?: string; tls?: object };

/** How a client connects to any node of a Redis Cluster. */
export function clusterNodeOptions({ credentials, transport }: ClusterAddress): NodeOptions {
  return { ...sharedOptions, ...credentials, ...(transport === 'tls' && { tls: {} }) };
}

/** How a client goes about it, apart from where it goes. */
type ClientOptions = Omit<RedisOptions, 'replyMapping'> & {
  readonly connectTimeout: number;
  readonly retryStrategy: () => number | null;
};

/** A client for it. What it waits to reach a server, it waits for a sentinel; what it waits between attempts, too. */
export function redisAt(address: Exclude<RedisAddress, ClusterAddress>, options: ClientOptions): Redis {
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
