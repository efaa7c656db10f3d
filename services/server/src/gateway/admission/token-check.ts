import type { ServerConfig } from '../../config.js';
import { isSameSecret } from '../../constant-time.js';

/** The tokens that admit a client. */
export type TokenSettings = Pick<ServerConfig, 'RANKD_TOKEN' | 'RANKD_ADMIN_TOKEN'>;

/**
 * R-JOIN-5: what the token of a hello permits. The admin token admits too. Both comparisons are made whatever the result of the
 * other, so that the time they take tells nothing.
 */
export function checkToken(token: string | undefined, settings: TokenSettings): 'admin' | 'admitted' | 'refused' {
  const { RANKD_TOKEN: known, RANKD_ADMIN_TOKEN: admin } = settings;
  const isAdmin = admin !== undefined && isSameSecret(token ?? '', admin);
  const isKnown = known === undefined || isSameSecret(token ?? '', known);
  if (isAdmin) return 'admin';
  return isKnown ? 'admitted' : 'refused';
}
