/** The addresses of the server, relative to the page: a proxy may serve it under a path such as `/rankd/`. */

/** The largest number of groups in one stream. The server has the same limit. */
export const GROUPS_MAX = 64;

/** The groups of the server. */
export const GROUPS_ADDRESS = 'api/groups';

/** Returns the address of the event stream of these groups. Names are in the query: in a path, the browser would remove `..`. */
export function eventsAddress(groups: readonly string[]): string {
  const names = groups.slice(0, GROUPS_MAX).map(group => `&group=${encodeURIComponent(group)}`);
  return `api/events?pulse${names.join('')}`;
}

/**
 * Returns the name that all tabs of this server use for their lock and their channel. A host may have several servers, each under its own
 * path.
 */
export function nameOfServer(page: string): string {
  return `rankd ${new URL('.', page).pathname}`;
}

/** Returns the header that contains the token. A header is bytes, so letters beyond Latin-1 are sent in UTF-8. */
export function authorization(token: string | undefined): Record<string, string> {
  if (token === undefined) return {};
  const bytes = new TextEncoder().encode(token);
  return { authorization: `Bearer ${Array.from(bytes, byte => String.fromCharCode(byte)).join('')}` };
}
