/** The delay before the next attempt to reach Redis. */

/** The delay after Redis has refused access. Frequent retries do not help until an operator changes a password or a right. */
const RETRY_REFUSED_MS = 5000;

/** Returns how long to wait before the next attempt after one that failed for `reason`: `usualMs`, longer if Redis refuses access. */
export function reconnectDelayMs(reason: string, usualMs: number): number {
  return isAccessRefused(reason) ? RETRY_REFUSED_MS : usualMs;
}

/** Whether Redis refuses this client: its password is wrong or missing, or it lacks a right. */
function isAccessRefused(reason: string): boolean {
  return /\b(WRONGPASS|NOAUTH|NOPERM)\b/.test(reason);
}
