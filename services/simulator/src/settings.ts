/** The settings of a simulated single server. */

import { parseServerConfig, type ServerConfig } from 'rankd/dist/config.js';
import type { SeededRandom } from '@rankd/testkit';

/** The admin token of the simulated server. */
export const ADMIN_TOKEN = 'admin';
/** The group of all simulated clients. */
export const GROUP = 'default';

/** A member suspends itself after this time, ms. */
const SUSPEND_MS = 300;

/** The base settings: short times and small limits, so that a few seconds of virtual time reach all of them. */
const base = parseServerConfig({
  RANKD_ADMIN_TOKEN: ADMIN_TOKEN,
  RANKD_HEARTBEAT_MS: '100',
  RANKD_SUSPEND_MS: String(SUSPEND_MS),
  RANKD_DEAD_MS: '400',
  RANKD_REFORM_MS: '400',
  // A single server also uses this grace period, for seats that another server may hold (R-JOIN-6).
  RANKD_GRACE_SERVER_MS: '600',
  RANKD_HELLO_TIMEOUT_MS: '300',
  RANKD_HELLO_PENDING_MAX: '2',
  RANKD_STALL_MS: '250',
  RANKD_COMMANDS_OPEN_MAX: '4',
  RANKD_DEADLINE_MAX_MS: '600',
});

/** The socket buffers of the simulated machines, bytes. Data that does not fit counts as backlog. */
export const WINDOW_BYTES = 2048;

/** Whether the settings permit proxies that close only one end of a connection (R-LEAD-1). */
export function permitsProxies({ RANKD_GRACE_LEADER_MS: graceLeaderMs }: ServerConfig): boolean {
  return graceLeaderMs > 0;
}

/** Picks the settings of the server for one seed. */
export function pickSettings(random: SeededRandom): ServerConfig {
  return {
    ...base,
    RANKD_MEMBERS_MAX: random.between(3, 8),
    RANKD_WAITLIST_MAX: random.below(3),
    RANKD_GRACE_MS: random.pick([0, 0, 150, 500]) ?? 0,
    // Far below the length of a lease, just below it, equal to it, and above it.
    RANKD_GRACE_LEADER_MS: random.pick([0, 0, 1, SUSPEND_MS - 10, SUSPEND_MS, 2 * SUSPEND_MS]) ?? 0,
    RANKD_REFORM_MS: random.pick([100, 400]) ?? 0,
    RANKD_COMMANDS_PER_SECOND: random.pick([0, 0, 20]) ?? 0,
    // A limit below the minimum of the schema, so that few bytes reach it.
    RANKD_BACKLOG_BYTES_MAX: random.pick([4096, 65_536]) ?? 0,
  };
}
