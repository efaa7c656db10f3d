/** R-ASK-1: the handler of `history` messages. */

import { limits, type HistoryRequestMessage } from '@rankd/protocol';
import type { Clock } from '../../clock.js';
import type { Groups } from '../../log/ordered-log.js';
import type { HistoryFrames } from '../frames/list-frames.js';
import type { Session } from '../session/session.js';
import { refuseRequest } from './refuse-request.js';

/** The parts of the gateway that handleHistory uses. */
export interface HistoryPorts {
  readonly historyFrames: HistoryFrames;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: { readonly groups: Groups };
}

/** Answers with the last changes of the session's group (R-ASK-1). Answers RATE_LIMITED if the session has reached the limit of queries. */
export function handleHistory(request: HistoryRequestMessage, session: Session, ports: HistoryPorts): void {
  const { state } = session;
  if (state.phase !== 'active' && state.phase !== 'observing') return;
  const nowMs = ports.clock.monotonicMs();
  if (!session.pace.allowsQuery(nowMs)) {
    refuseRequest(session, nowMs);
    return;
  }
  const { group: name } = state.request;
  const { limit = limits.historyDefault } = request;
  const frames = ports.historyFrames.framesOf(name, ports.log.groups.get(name), limit);
  for (const frame of frames) session.sendFrame(frame);
}
