/** A server that waits for a cluster that Redis has lost shows this in Redis. So a server that starts does not begin a new order. */

import type { Redis } from 'ioredis';
import { waitingKey } from './keys.js';

/** How long Redis keeps the entry of a waiting server after its last write. Every waiting server writes it more often. */
export const WAITING_SHOWN_MS = 5000;

/** A server that waits for the cluster `clusterId`. */
export interface WaitingServer {
  readonly clusterId: string;
  /** The name of the server for operators. */
  readonly name: string;
}

/** Shows in Redis that this server waits. */
export async function showWaiting(redis: Redis, prefix: string, { clusterId, name }: WaitingServer): Promise<void> {
  await redis.set(waitingKey(prefix), JSON.stringify({ clusterId, name }), 'PX', WAITING_SHOWN_MS);
}

/** Returns the last server that has shown that it waits, or undefined if none waits. */
export async function findWaiting(redis: Redis, prefix: string): Promise<WaitingServer | undefined> {
  const text = await redis.get(waitingKey(prefix));
  if (text === null) return undefined;
  try {
    const { clusterId, name } = JSON.parse(text) as Partial<WaitingServer>;
    if (typeof clusterId === 'string' && typeof name === 'string') return { clusterId, name };
  } catch {
    // Another program has written the key.
  }
  return undefined;
}
