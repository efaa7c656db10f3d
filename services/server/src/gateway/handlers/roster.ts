import { emptyRosterFrame, rosterFrames } from '../frames/list-frames.js';
import { errorMessage } from '../frames/session-frames.js';
import type { Gateway } from '../gateway.js';
import type { Session } from '../session/session.js';

/** R-ASK-1 */
export function handleRoster(session: Session, gateway: Gateway): void {
  const { state } = session;
  if (state.phase !== 'active' && state.phase !== 'observing') return;
  if (!session.asks.allows(gateway.livedMs)) {
    session.say(errorMessage('RATE_LIMITED'));
    return;
  }
  // R-VIEW-3: the next view then tells what has changed since this roster, and nothing that this roster tells already.
  gateway.desks.tell(session);
  const group = gateway.log.groups.get(state.asked.group);
  if (group === undefined) session.push(emptyRosterFrame(state.asked.group));
  else for (const frame of rosterFrames(group, gateway.config.RANKD_FRAME_BYTES_MAX)) session.push(frame);
}
