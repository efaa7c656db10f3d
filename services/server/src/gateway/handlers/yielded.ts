import type { Gateway } from '../gateway.js';
import type { Session } from '../session/session.js';

/** R-LEAD-2: it acts on its rank no more; what waited for that can be put in order. */
export function handleYielded(session: Session, gateway: Gateway): void {
  if (session.state.phase === 'active') gateway.stopping.yielded(session);
}
