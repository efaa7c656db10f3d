/** The page's connection to the server, as the page shows it. */

/** The state of the page's connection to the server. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** `heardAtMs`: when the page last heard the server. Undefined if it never has. */
  | {
      readonly kind: 'lost';
      readonly heardAtMs: number | undefined;
      readonly retryAtMs: number;
      readonly why: string;
    }
  /** The server requires a token. `given`: a token was sent, and it is wrong. */
  | { readonly kind: 'locked'; readonly given: boolean };

const BASE_MS = 250;
const RETRY_MS_MAX = 4000;

/**
 * Returns the delay before the next attempt, ms. Full jitter, so that many pages do not reconnect at the same time.
 * @param attempt the number of failed attempts
 * @param random a number from 0 to 1
 */
export function retryDelayMs(attempt: number, random: number): number {
  return BASE_MS / 2 + random * Math.min(RETRY_MS_MAX, BASE_MS * 2 ** attempt);
}
