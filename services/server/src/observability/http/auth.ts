import { isSameSecret } from '../../constant-time.js';

/** Whether a request's `Authorization` header carries the bearer token; without a configured token every request does. */
export function isAuthorized(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined) return true;
  return isSameSecret(/^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '', token);
}
