import { limits, type HistoryRequestMessage } from '@rankd/protocol';
import { historyFrames } from '../frames/list-frames.js';
import { errorMessage } from '../frames/session-frames.js';
import type { Gateway } from '../gateway.js';
import type { Session } from '../session/session.js';

/** R-ASK-1 */
export function handleHistory(request: HistoryRequestMessage, session: Session, gateway: Gateway): void {
  const { state } = session;
  if (state.phase !== 'active' && state.phase !== 'observing') return;
  if (!session.asks.allows(gateway.livedMs)) {
    session.say(errorMessage('RATE_LIMITED'));
    return;
  }
  const { group: name } = state.asked;
  const group = gateway.log.groups.get(name);
  const { limit = limits.historyDefault } = request;
  for (const frame of historyFrames(name, group, limit, gateway.config.RANKD_FRAME_BYTES_MAX)) session.push(frame);
}
