/** R-ADMIN-1: the receipts of `move` and `remove`. */

import type { AdminReceiptEffect } from '../effects.js';
import type { MovedEntry } from '../entries.js';
import type { VersionedRoster } from '../roster/versioned-roster.js';

/** The administrator and the id of its request. */
type AdminRequest = Pick<MovedEntry, 'by' | 'id'>;

/** Returns the receipt of an accepted request (R-ADMIN-1). */
export function acceptAdmin({ by, id }: AdminRequest, { seq, view }: VersionedRoster): AdminReceiptEffect {
  return { kind: 'admin-receipt', to: by.session, id, verdict: { kind: 'accepted', seq, view } };
}

/** Returns the receipt of a rejected request, which has changed nothing (R-ADMIN-1, R-BYE-2). */
export function rejectAdmin({ by, id }: AdminRequest, code: 'NO_SUCH_TARGET' | 'DRAINING'): AdminReceiptEffect {
  return { kind: 'admin-receipt', to: by.session, id, verdict: { kind: 'rejected', code } };
}
