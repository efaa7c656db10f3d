import { parseServerConfig, type ServerConfig } from '@rankd/server/dist/config.js';
import type { SeededRandom } from '@rankd/testkit';

export const ADMIN_TOKEN = 'admin';
export const GROUP = 'default';

/** Short times and small bounds, so that a few seconds of virtual time reach all of them. */
const base = parseServerConfig({
  RANKD_ADMIN_TOKEN: ADMIN_TOKEN,
  RANKD_HEARTBEAT_MS: '100',
  RANKD_SUSPEND_MS: '300',
  RANKD_DEAD_MS: '400',
  RANKD_REFORM_MS: '400',
  // One server, too, keeps a seat for so long that another may hold (R-JOIN-6).
  RANKD_GRACE_SERVER_MS: '600',
  RANKD_HELLO_TIMEOUT_MS: '300',
  RANKD_HELLO_PENDING_MAX: '2',
  RANKD_STALL_MS: '250',
  RANKD_COMMANDS_OPEN_MAX: '4',
  RANKD_DEADLINE_MAX_MS: '600',
});

/** What the operating systems of the simulated machines take before a backlog begins. */
export const WINDOW_BYTES = 2048;

/** A server's settings for one seed. */
export function settingsFor(random: SeededRandom): ServerConfig {
  return {
    ...base,
    RANKD_MEMBERS_MAX: random.between(3, 8),
    RANKD_WAITLIST_MAX: random.below(3),
    RANKD_GRACE_MS: random.pick([0, 0, 150, 500]) ?? 0,
    RANKD_GRACE_LEADER_MS: random.pick([0, 0, 300]) ?? 0,
    RANKD_REFORM_MS: random.pick([100, 400]) ?? 0,
    RANKD_COMMANDS_PER_SECOND: random.pick([0, 0, 20]) ?? 0,
    // Less than the settings' schema allows: a backlog is to be reached with few bytes.
    RANKD_BACKLOG_BYTES_MAX: random.pick([4096, 65_536]) ?? 0,
  };
}
