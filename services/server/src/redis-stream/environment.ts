/** The environment of the streams: connections, randomness and compression. */

import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import type { Redis } from 'ioredis';
import { createRedisConnection, type Primary } from './connections/redis-connection.js';

/** Connections, randomness and compression for the streams. The simulator passes its own. */
export interface StreamEnvironment {
  /** Returns a client that does not connect until its `connect` is called. */
  readonly createConnection: (primary: Primary) => Redis;
  readonly randomBytes: (size: number) => Buffer;
  /** Returns a random number from 0 (included) to 1 (excluded), for the jitter of reconnect delays. */
  readonly randomFraction: () => number;
  readonly deflate: (bytes: Buffer) => Promise<Buffer>;
  /** Rejects if the input is invalid or the output is larger than `bytesMax`. */
  readonly inflate: (bytes: Buffer, bytesMax: number) => Promise<Buffer>;
}

const deflated = promisify(deflate);
const inflated = promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(inflate);

/** The environment of a real server. */
export const systemStreamEnvironment: StreamEnvironment = {
  createConnection: createRedisConnection,
  randomBytes,
  randomFraction: () => Math.random(),
  deflate: async bytes => await deflated(bytes),
  inflate: async (bytes, bytesMax) => await inflated(bytes, { maxOutputLength: bytesMax }),
};
