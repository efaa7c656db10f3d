import type { Session } from '../session/session.js';

/** R-VIEW-5: the handler of `leave` messages. The member departs at once, without a grace period. */
export function handleLeave(session: Session): void {
  session.end('LEFT');
}
