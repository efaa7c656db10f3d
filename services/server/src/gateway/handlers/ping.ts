/** R-LIFE-1, R-PACE-1: the handler of `ping` messages. */

import type { PingMessage } from '@rankd/protocol';
import type { Clock } from '../../clock.js';
import type { Session } from '../session/session.js';
import { refuseRequest } from './refuse-request.js';

/** The parts of the server that handlePing uses. */
export interface PingPorts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/** Answers with a pong of the same number (R-LIFE-1). Answers RATE_LIMITED if the session has reached the limit of pings (R-PACE-1). */
export function handlePing(ping: PingMessage, session: Session, { clock }: PingPorts): void {
  const nowMs = clock.monotonicMs();
  if (!session.pace.allowsPing(nowMs)) refuseRequest(session, nowMs);
  else session.sendAhead(ping.n === undefined ? { type: 'pong' } : { type: 'pong', n: ping.n });
}
