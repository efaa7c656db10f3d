const KEY = 'rankd-token';

/** The token of this tab; it ends with the tab. */
export function readToken(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

export function storeToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}
