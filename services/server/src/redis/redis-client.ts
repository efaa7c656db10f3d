import { Redis, type RedisOptions } from 'ioredis';
import type { ClusterAddress, RedisAddress } from './redis-address.js';

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
