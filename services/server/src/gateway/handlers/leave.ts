import type { Session } from '../session/session.js';

/** R-VIEW-5: goes at once. */
export function handleLeave(session: Session): void {
  session.end('LEFT');
}
