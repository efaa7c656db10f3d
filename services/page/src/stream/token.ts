/** The token of this tab, in the tab's session storage. */

import { nameOfServer } from './addresses.js';

const key = (): string => `${nameOfServer(document.baseURI)} token`;

/** Returns the token. The browser forgets it when the tab is closed. */
export function readToken(): string | undefined {
  return sessionStorage.getItem(key()) ?? undefined;
}

/** Stores the token. */
export function storeToken(token: string): void {
  sessionStorage.setItem(key(), token);
}
