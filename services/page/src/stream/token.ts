/** The token of this tab, in the tab's session storage. */

const KEY = 'rankd-token';

/** Returns the token. The browser forgets it when the tab is closed. */
export function readToken(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

/** Stores the token. */
export function storeToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}
