import type { Redis, RedisOptions } from 'ioredis';
import { readRedisAddress } from '../../redis-address.js';
import { redisAt } from '../../redis-client.js';
import { StreamError } from './stream-error.js';

export const CONNECT_MS = 1000;
const KEEP_ALIVE_MS = 2000;
/** How long a connection that is given up may take to close by itself. */
const FAREWELL_MS = 100;

/**
 * A command is sent once, on the connection it was given to, or fails: nothing waits in the library, nothing is sent again
 * (that would append twice). No reconnecting either: a line makes a new one, and looks whom it has reached.
 */
const once = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  connectTimeout: CONNECT_MS,
  keepAlive: KEEP_ALIVE_MS,
  disconnectTimeout: FAREWELL_MS,
  // To tell Redis what library this is would take one more right, and nobody asks.
  disableClientInfo: true,
} satisfies RedisOptions;

/**
 * The one place where a URL becomes a connection: to that server, or to the primary that the sentinels name now.
 * @throws StreamError `unsuited`, without a word of the URL, which may hold a password
 */
export function redisConnection(url: string): Redis {
  const address = readRedisAddress(url);
  if (address === undefined) {
    throw new StreamError('unsuited', 'RANKD_REDIS_URL is not a URL that Redis can be reached by');
  }
  return redisAt(address, once);
}
