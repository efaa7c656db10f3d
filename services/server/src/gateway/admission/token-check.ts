/** R-JOIN-5: the check of the token in a hello. */

import type { ServerConfig } from '../../config.js';
import { isSameSecret } from '../../constant-time.js';

/** The tokens that admit a client. */
export type TokenSettings = Pick<ServerConfig, 'RANKD_TOKEN' | 'RANKD_ADMIN_TOKEN'>;

/**
 * Returns what the token of a hello permits (R-JOIN-5). The admin token also admits the client. Both comparisons are always made, so that
 * their duration does not show which of them succeeded.
 */
export function checkToken(token: string | undefined, settings: TokenSettings): 'admin' | 'admitted' | 'refused' {
  const { RANKD_TOKEN: known, RANKD_ADMIN_TOKEN: admin } = settings;
  const isAdmin = admin !== undefined && isSameSecret(token ?? '', admin);
  const isKnown = known === undefined || isSameSecret(token ?? '', known);
  if (isAdmin) return 'admin';
  return isKnown ? 'admitted' : 'refused';
}
