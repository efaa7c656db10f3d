/** R-JOIN-6: confirms that a client has the new secret of its resumed seat. */

import type { LogIntake } from '../flow/log-intake.js';
import type { Session } from '../session/session.js';

/** The parts of the gateway that confirmResumption uses. */
export interface ConfirmResumptionPorts {
  readonly intake: Pick<LogIntake, 'append'>;
}

/**
 * Appends `confirmed` at the first frame of a session that has resumed a seat (R-JOIN-6). That frame shows that the client has read its
 * welcome.
 */
export function confirmResumption(session: Session, { intake }: ConfirmResumptionPorts): void {
  const { state } = session;
  if (state.phase !== 'active' || state.resumption === 'none') return;
  state.resumption = 'none';
  const { group, member } = state;
  intake.append({ kind: 'confirmed', group: group.name, at: session.readAtMs, member: member.id, session: session.id });
}
