/** R-LEAD-1: which views may be held for a member, and sent later. */

import type { ActiveState } from './session-state.js';
import type { Session } from './session.js';

/**
 * Records a view that is held. Ends the session and returns false if an earlier held view says rank 0 and this one does not. If both were
 * sent later, the member would act as leader for a moment while another member leads.
 */
export function recordHeldView(session: Session, state: ActiveState, rank: number | undefined): boolean {
  if (rank !== 0 && state.heldViews === 'leading') {
    endHeldLeader(session);
    return false;
  }
  state.heldViews = rank === 0 ? 'leading' : 'some';
  return true;
}

/**
 * Ends the session of a member that became the leader in a held view and then lost the lead, or must stop. The member resumes its seat, and
 * receives its rank with `welcome`.
 */
export function endHeldLeader(session: Session): void {
  session.turnAway('UNAVAILABLE', 'the member became the leader while its server could send it no view');
}
