import type { Session } from '../session/session.js';

export interface YieldedPorts {
  readonly leaderYield: { recordYielded(session: Session): void };
}

/** R-LEAD-2: the leader does not act on its rank any more; what waited for that can go on. */
export function handleYielded(session: Session, { leaderYield }: YieldedPorts): void {
  if (session.state.phase === 'active') leaderYield.recordYielded(session);
}
