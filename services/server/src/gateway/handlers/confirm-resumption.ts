/** R-JOIN-6: confirms that a client has the new secret of its resumed seat. */

import type { OrderedLog } from '../../log/ordered-log.js';
import type { Session } from '../session/session.js';

/** The parts of the gateway that confirmResumption uses. */
export interface ConfirmResumptionPorts {
  readonly log: Pick<OrderedLog, 'append'>;
}

/**
 * Appends `confirmed` at the first frame of a session that has resumed a seat (R-JOIN-6). That frame shows that the client has read its
 * welcome.
 */
export function confirmResumption(session: Session, { log }: ConfirmResumptionPorts): void {
  const { state } = session;
  if (state.phase !== 'active' || state.resumption === 'none') return;
  state.resumption = 'none';
  const { group, member } = state;
  log.append({ kind: 'confirmed', group: group.name, at: session.readAtMs, member: member.id, session: session.id });
}
