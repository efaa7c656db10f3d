/**
 * The rules of release 0.1 about time. Release 0.1 measures how long a member is away by the wall times of entries. The core uses these
 * rules while the log has format 1, because servers of release 0.1 apply the same entries. A group uses these rules if its Timekeeper is
 * `entries`.
 */

import type { GroupLimits } from '../group-limits.js';
import type { TimedAway } from '../roster/member.js';

/**
 * Returns the milliseconds that are left of the grace period at the wall time `at`. 0 or less means that the grace period is over. `leads`:
 * the member has rank 0.
 */
export function graceLeftMs({ since, because }: TimedAway, leads: boolean, limits: GroupLimits, at: number): number {
  return since + graceOf(because, leads, limits) - at;
}

/** Returns the milliseconds for which the leader may still act on its rank at the wall time `at`. */
export function mayActLeftMs({ since }: TimedAway, { suspendMs }: GroupLimits, at: number): number {
  return since + suspendMs - at;
}

/** Whether the leader has stopped acting on its rank. The loss of its connection counts as a proof. */
export function hasLeaderStopped(presence: TimedAway, limits: GroupLimits, at: number): boolean {
  return presence.because === 'lost' || mayActLeftMs(presence, limits, at) <= 0;
}

function graceOf(because: TimedAway['because'], leads: boolean, limits: GroupLimits): number {
  const { graceMs, graceLeaderMs, reformMs, graceServerMs, suspendMs } = limits;
  if (because === 'lost') return leads ? graceLeaderMs : graceMs;
  const setMs = because === 'restart' ? reformMs : graceServerMs;
  return leads ? Math.max(setMs, suspendMs) : setMs;
}
