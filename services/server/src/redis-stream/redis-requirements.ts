/** Checks that a Redis can store the streams. */

import type { Redis } from 'ioredis';
import { StreamError } from '../cluster/stream-error.js';
import type { StreamSettings } from './settings.js';

/** The first version whose XADD accepts ids with an automatic sequence number (`7-*`). */
const VERSION_MIN = 7;
const PROBE_MS = 1000;
const PROBE_EXPIRES_MS = 15_000;

/**
 * Checks that this Redis can store the streams. `probe` is the key of a test write. Resolves with warnings about settings that endanger
 * the data: eviction, or no append-only file.
 * @throws StreamError `unsuited` if the version is too old; `unavailable` if `ack` needs a replica and none confirms the test write.
 */
export async function checkRedisRequirements(
  redis: Redis,
  ack: StreamSettings['ack'],
  probe: string,
): Promise<readonly string[]> {
  const facts = parseInfo(await redis.info());
  const version = facts.get('redis_version') ?? '';
  if (Number.parseInt(version) < VERSION_MIN) {
    throw new StreamError(
      'unsuited',
      `Redis is version ${version}; several servers need ${VERSION_MIN}.0 or later: upgrade it`,
    );
  }
  if (ack === 'replicated') await requireReplica(redis, probe);
  const warnings: string[] = [];
  const policy = facts.get('maxmemory_policy');
  if (policy !== 'noeviction') {
    warnings.push(
      `Redis may evict the order of ranks: its maxmemory-policy is ${policy ?? 'not known'}; set it to noeviction`,
    );
  }
  if (facts.get('aof_enabled') !== '1') {
    warnings.push('Redis may lose the order of ranks at a restart: it has no append-only file; set appendonly to yes');
  }
  return warnings;
}

/** Checks that a replica confirms a write. A connected replica may still be out of sync, so its connection proves nothing. */
async function requireReplica(redis: Redis, probe: string): Promise<void> {
  await redis.set(probe, '1', 'PX', PROBE_EXPIRES_MS);
  if ((await redis.wait(1, PROBE_MS)) >= 1) return;
  throw new StreamError(
    'unavailable',
    `no replica has confirmed a write within ${PROBE_MS} ms; RANKD_LOG_ACK=replicated needs one: connect a replica, or set RANKD_LOG_ACK=async`,
  );
}

function parseInfo(info: string): ReadonlyMap<string, string> {
  const facts = new Map<string, string>();
  for (const line of info.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) facts.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return facts;
}
