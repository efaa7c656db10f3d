/** R-LEAD-2: the handler of `yielded` messages. */

import type { Session } from '../session/session.js';

/** The parts of the gateway that handleYielded uses. */
export interface YieldedPorts {
  readonly leaderYield: { recordYielded(session: Session): void };
}

/** Records that the leader has stopped acting on its rank (R-LEAD-2). The decisions that waited for this are then applied. */
export function handleYielded(session: Session, { leaderYield }: YieldedPorts): void {
  if (session.state.phase === 'active') leaderYield.recordYielded(session);
}
