/** Derives the limits of the core from the settings of the server. */

import { limits } from '@rankd/protocol';
import type { ServerConfig } from './config.js';
import type { GroupLimits } from './core/index.js';

/** The largest number of results that the open commands of a group await together. Each needs about 50 bytes, so all need about 100 MB. */
const AWAITED_MAX = 2_000_000;

/** Returns the limits that the core enforces, from the server's settings and the protocol's `limits`. */
export function coreLimits(config: ServerConfig): GroupLimits {
  return {
    membersMax: config.RANKD_MEMBERS_MAX,
    groupsMax: config.RANKD_GROUPS_MAX,
    commandsOpenMax: config.RANKD_COMMANDS_OPEN_MAX,
    awaitedMax: AWAITED_MAX,
    deadlineMsMax: config.RANKD_DEADLINE_MAX_MS,
    refusedMax: limits.refusedMax,
    missingMax: limits.missingMax,
    waitlistMax: config.RANKD_WAITLIST_MAX,
    commandsPerSecond: config.RANKD_COMMANDS_PER_SECOND,
    historyMax: limits.historyMax,
    suspendMs: config.RANKD_SUSPEND_MS,
    graceMs: config.RANKD_GRACE_MS,
    graceLeaderMs: config.RANKD_GRACE_LEADER_MS,
    reformMs: config.RANKD_REFORM_MS,
    graceServerMs: config.RANKD_GRACE_SERVER_MS,
  };
}
