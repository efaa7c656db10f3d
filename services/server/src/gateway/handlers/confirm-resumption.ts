import type { OrderedLog } from '../../log/ordered-log.js';
import type { Session } from '../session/session.js';

export interface ConfirmResumptionPorts {
  readonly log: Pick<OrderedLog, 'append'>;
}

/** R-JOIN-6: the first frame of a session after it has resumed a seat shows that the client has read its welcome. */
export function confirmResumption(session: Session, { log }: ConfirmResumptionPorts): void {
  const { state } = session;
  if (state.phase !== 'active' || state.resumption === 'none') return;
  state.resumption = 'none';
  const { group, member } = state;
  log.append({ kind: 'confirmed', group: group.name, at: session.readAtMs, member: member.id, session: session.id });
}
