/** R-LIFE-1: the handler of `pong` messages. */

import type { PongMessage } from '@rankd/protocol';
import type { Session } from '../session/session.js';
import { heartbeatOf } from '../session/session-state.js';

/** The parts of the gateway that handlePong uses. */
export interface PongPorts {
  readonly stallFreeClock: { readonly nowMs: number };
  readonly pausedSenders: { recordPong(session: Session): void };
}

/** Records a pong (R-LIFE-1). No other frame shows that a member is alive. */
export function handlePong(pong: PongMessage, session: Session, { stallFreeClock, pausedSenders }: PongPorts): void {
  const heartbeat = heartbeatOf(session.state);
  if (heartbeat?.recordPong(pong.n, stallFreeClock.nowMs) === true) pausedSenders.recordPong(session);
}
