import type { AdminReceiptEffect } from './effects.js';
import type { Administrator } from './entries.js';
import type { VersionedRoster } from './roster/versioned-roster.js';

/** What an administrator asked for, and who asked. */
type Asked = { readonly by: Administrator; readonly id: string };

/** R-ADMIN-1: it is as the administrator wanted it, at this place in the order. */
export function accepted({ by, id }: Asked, { seq, view }: VersionedRoster): AdminReceiptEffect {
  return { kind: 'admin-receipt', to: by.session, id, verdict: { kind: 'accepted', seq, view } };
}

/** R-ADMIN-1, R-BYE-2: nothing has changed. */
export function rejected({ by, id }: Asked, code: 'NO_SUCH_TARGET' | 'DRAINING'): AdminReceiptEffect {
  return { kind: 'admin-receipt', to: by.session, id, verdict: { kind: 'rejected', code } };
}
