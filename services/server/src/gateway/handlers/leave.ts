import type { Session } from '../session/session.js';

/** R-VIEW-5: the member departs at once. */
export function handleLeave(session: Session): void {
  session.end('LEFT');
}
