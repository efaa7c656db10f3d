/** RANKD_COMMANDS_PER_SECOND: the rate limit of one sender's commands. */

import type { Commander } from '../roster/member.js';

/**
 * Counts a command against RANKD_COMMANDS_PER_SECOND. Returns whether it is within the limit. A sender may send a burst of up to
 * `perSecond` commands (token bucket of one second). `perSecond` 0 means no limit. `at` is the time in milliseconds since 1970.
 */
export function isWithinRateLimit(commander: Commander, perSecond: number, at: number): boolean {
  if (perSecond === 0) return true;
  const before = commander.allowance ?? { thousandths: perSecond * 1000, at };
  const regained = Math.max(0, at - before.at) * perSecond;
  const left = Math.min(perSecond * 1000, before.thousandths + regained);
  const allowed = left >= 1000;
  commander.allowance = { thousandths: allowed ? left - 1000 : left, at };
  return allowed;
}
