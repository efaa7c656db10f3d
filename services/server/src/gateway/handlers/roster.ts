import { errorMessage, rosterFrames } from '../frames.js';
import type { Gateway } from '../gateway.js';
import type { Session } from '../session.js';

/** R-ASK-1 */
export function handleRoster(session: Session, gateway: Gateway): void {
  const { state } = session;
  if (state.phase !== 'active') return;
  if (!session.asked.allows(gateway.livedMs)) {
    session.say(errorMessage('RATE_LIMITED'));
    return;
  }
  for (const frame of rosterFrames(state.group, gateway.config.RANKD_FRAME_BYTES_MAX)) session.push(frame);
}
