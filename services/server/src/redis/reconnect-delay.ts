/** How long to wait before the next attempt to reach Redis. */

/**
 * The delay after Redis has refused access, ms. It is long, because attempts fail until an operator corrects the password or the user's
 * rights.
 */
const RETRY_REFUSED_MS = 5000;

/** Returns the delay in milliseconds after an attempt that failed for `reason`. It is `usualMs`, or longer if Redis refuses access. */
export function reconnectDelayMs(reason: string, usualMs: number): number {
  return isAccessRefused(reason) ? RETRY_REFUSED_MS : usualMs;
}

/** Whether Redis refuses this client, because its password is missing or wrong, or because its user lacks a right. */
function isAccessRefused(reason: string): boolean {
  return /\b(WRONGPASS|NOAUTH|NOPERM)\b/.test(reason);
}
