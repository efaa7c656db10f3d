/** R-LIFE-1: the handler of `pong` messages. */

import type { PongMessage } from '@rankd/protocol';
import type { Session } from '../session/session.js';
import { heartbeatOf } from '../session/session-state.js';

/** The parts of the gateway that handlePong uses. */
export interface PongPorts {
  readonly stallFreeClock: { readonly nowMs: number };
  readonly pausedSenders: { recordPong(session: Session): void };
  readonly resultBackpressure: { recordPong(session: Session, n: number): void };
}

/** Records a pong (R-LIFE-1). No other frame shows that a member is alive. */
export function handlePong({ n }: PongMessage, session: Session, ports: PongPorts): void {
  const { stallFreeClock, pausedSenders, resultBackpressure } = ports;
  if (heartbeatOf(session.state)?.recordPong(n, stallFreeClock.nowMs) !== true) return;
  pausedSenders.recordPong(session);
  resultBackpressure.recordPong(session, n);
}
