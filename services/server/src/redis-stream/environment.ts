import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import type { Redis } from 'ioredis';
import { redisConnection, type Primary } from './connections/redis-connection.js';

/** What the streams have of the machine that they run on, apart from its clock; the simulator brings its own. */
export interface StreamEnvironment {
  /** One that has not begun to connect. */
  readonly connection: (primary: Primary) => Redis;
  readonly randomBytes: (size: number) => Buffer;
  /** From 0 up to, not including, 1; spreads attempts. */
  readonly fraction: () => number;
  readonly deflate: (bytes: Buffer) => Promise<Buffer>;
  /** Rejects where it would be longer than `bytesMax`, or cannot be read. */
  readonly inflate: (bytes: Buffer, bytesMax: number) => Promise<Buffer>;
}

const deflated = promisify(deflate);
const inflated = promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(inflate);

export const systemStreamEnvironment: StreamEnvironment = {
  connection: redisConnection,
  randomBytes,
  fraction: () => Math.random(),
  deflate: async bytes => await deflated(bytes),
  inflate: async (bytes, bytesMax) => await inflated(bytes, { maxOutputLength: bytesMax }),
};
