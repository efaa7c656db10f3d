/** How the page stands with the server. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly sinceMs: number; readonly retryAtMs: number; readonly why: string }
  /** The server asks for a token; `given`: there was one, and it is not the right one. */
  | { readonly kind: 'locked'; readonly given: boolean };

const BASE_MS = 250;
const RETRY_MS_MAX = 4000;

/** Full jitter, so that the pages of many people do not come back all at once. */
export function retryDelayMs(attempt: number, random: number): number {
  return BASE_MS / 2 + random * Math.min(RETRY_MS_MAX, BASE_MS * 2 ** attempt);
}
