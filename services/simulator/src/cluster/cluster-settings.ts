/** The settings of the servers of a simulated cluster. */

import { parseServerConfig, type ServerConfig } from 'rankd/dist/config.js';
import { shardOf } from 'rankd/dist/cluster/shard-placement.js';
import { shardKeys, type ShardKeys } from 'rankd/dist/redis-stream/keys.js';
import type { SeededRandom } from '@rankd/testkit';
import { ADMIN_TOKEN, GROUP } from '../settings.js';

/** Returns the keys of the shard that has the group. With two shards it is not shard 0, so servers follow and leave it. */
export function groupShardKeys({ RANKD_SHARDS: shards }: ServerConfig): ShardKeys {
  return shardKeys('rankd', shardOf(GROUP, shards));
}

const base = parseServerConfig({
  RANKD_MODE: 'cluster',
  RANKD_REDIS_URL: 'redis://simulated',
  RANKD_ADMIN_TOKEN: ADMIN_TOKEN,
  RANKD_HEARTBEAT_MS: '500',
  RANKD_HELLO_TIMEOUT_MS: '1000',
  RANKD_COMMANDS_OPEN_MAX: '4',
  RANKD_DEADLINE_MAX_MS: '4000',
});

/** Picks the settings of all servers for one seed. The times of the log (heartbeats, staleness) are constants and do not change. */
export function pickClusterSettings(seed: number, random: SeededRandom): ServerConfig {
  const suspendMs = random.pick([1500, 4500]) ?? 0;
  return {
    ...base,
    RANKD_SHARDS: 1 + (seed % 2),
    RANKD_SUSPEND_MS: suspendMs,
    RANKD_DEAD_MS: suspendMs + 500,
    RANKD_LOG_ACK: random.pick(['async', 'replicated'] as const) ?? 'async',
    RANKD_MEMBERS_MAX: random.between(3, 8),
    RANKD_WAITLIST_MAX: random.below(3),
    RANKD_GRACE_MS: random.pick([0, 0, 1000]) ?? 0,
    RANKD_GRACE_LEADER_MS: random.pick([0, 0, 1000, suspendMs, suspendMs + 2000]) ?? 0,
    RANKD_GRACE_SERVER_MS: random.pick([0, 3000, 8000]) ?? 0,
    RANKD_COMMANDS_PER_SECOND: random.pick([0, 0, 5]) ?? 0,
  };
}
