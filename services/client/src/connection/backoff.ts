export interface BackoffSettings {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * How long to wait before the next attempt: full jitter (AWS, "Exponential Backoff and Jitter"), so that a fleet that lost
 * its server does not come back all at once. `attempt` counts from 0; `random` gives 0 to 1.
 */
export function backoffMs(attempt: number, settings: BackoffSettings, random: () => number): number {
  return Math.round(random() * Math.min(settings.capMs, settings.baseMs * 2 ** attempt));
}
