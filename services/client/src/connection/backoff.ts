/** Computes the delays between connection attempts. */

/** The bounds of a backoff: the delays between attempts. */
export interface BackoffSettings {
  /** The longest delay before the second attempt, ms. It doubles with each attempt. */
  readonly baseMs: number;
  /** The longest delay before any attempt, ms. */
  readonly capMs: number;
}

/**
 * Returns how long to wait before the next attempt, ms, with full jitter: a random time from 0 to the bound. So the clients of a
 * lost server do not all reconnect at the same moment.
 * @param attempt the number of failed attempts before this one, from 0
 * @param random returns a number from 0 to 1
 */
export function backoffMs(attempt: number, settings: BackoffSettings, random: () => number): number {
  return Math.round(random() * Math.min(settings.capMs, settings.baseMs * 2 ** attempt));
}
