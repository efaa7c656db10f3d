import type { Redis } from 'ioredis';
import { StreamError } from '../cluster/stream-error.js';
import type { StreamSettings } from './settings.js';

/** Explicit ids with an automatic rest (`7-*`) came with it. */
const VERSION_MIN = 7;
const PROBE_MS = 1000;
const PROBE_EXPIRES_MS = 15_000;

/**
 * Whether this Redis can hold the streams; resolves with what works but should not stay so. `probe`: a key that it may write.
 * @throws StreamError `unsuited` where it is too old, `unavailable` where a replica is needed and none answers
 */
export async function checkRedisRequirements(
  redis: Redis,
  ack: StreamSettings['ack'],
  probe: string,
): Promise<readonly string[]> {
  const facts = factsOf(await redis.info());
  const version = facts.get('redis_version') ?? '';
  if (Number.parseInt(version) < VERSION_MIN) {
    throw new StreamError('unsuited', `Redis is version ${version}; several servers need ${VERSION_MIN}.0 or later`);
  }
  if (ack === 'replicated') await requireReplica(redis, probe);
  const warnings: string[] = [];
  const policy = facts.get('maxmemory_policy');
  if (policy !== 'noeviction') {
    warnings.push(
      `Redis may evict the order of ranks: its maxmemory-policy is ${policy ?? 'not known'}, not noeviction`,
    );
  }
  if (facts.get('aof_enabled') !== '1') {
    warnings.push('Redis keeps no append-only file (appendonly no): if it restarts, it may lose the order of ranks');
  }
  return warnings;
}

/** That a replica has connected does not say that it follows: only what it confirms does, and it needs a write for that. */
async function requireReplica(redis: Redis, probe: string): Promise<void> {
  await redis.set(probe, '1', 'PX', PROBE_EXPIRES_MS);
  if ((await redis.wait(1, PROBE_MS)) >= 1) return;
  throw new StreamError(
    'unavailable',
    `no replica has confirmed a write within ${PROBE_MS} ms; RANKD_LOG_ACK=replicated needs one`,
  );
}

function factsOf(info: string): ReadonlyMap<string, string> {
  const facts = new Map<string, string>();
  for (const line of info.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) facts.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return facts;
}
