import { isSameSecret } from '../../constant-time.js';

/** Whether the header `Authorization` of a request contains the bearer token. True for every request if no token is set. */
export function isAuthorized(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined) return true;
  return isSameSecret(/^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '', token);
}
