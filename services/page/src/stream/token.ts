const KEY = 'rankd-token';

/** The token of this tab. It is forgotten when the tab closes. */
export function readToken(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

export function storeToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}
