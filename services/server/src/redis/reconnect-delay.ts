/** How long to wait before the next attempt to reach Redis. */

/** The delay after Redis has refused access. More attempts do not help until an operator corrects a password or a right. */
const RETRY_REFUSED_MS = 5000;

/** Returns the delay in milliseconds after an attempt that failed for `reason`. It is `usualMs`, or longer if Redis refuses access. */
export function reconnectDelayMs(reason: string, usualMs: number): number {
  return isAccessRefused(reason) ? RETRY_REFUSED_MS : usualMs;
}

/** Whether Redis refuses this client, because its password is wrong or missing or it lacks a right. */
function isAccessRefused(reason: string): boolean {
  return /\b(WRONGPASS|NOAUTH|NOPERM)\b/.test(reason);
}
