import type { Commander } from '../roster/member.js';

/**
 * RANKD_COMMANDS_PER_SECOND: what was not used within the last second may be used at once. False where nothing is left; 0 per
 * second means no limit.
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
