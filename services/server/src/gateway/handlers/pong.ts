import type { PongMessage } from '@rankd/protocol';
import type { Session } from '../session/session.js';
import { heartbeatOf } from '../session/session-state.js';

export interface PongPorts {
  readonly stallFreeClock: { readonly nowMs: number };
  readonly flowControl: { recordPong(session: Session): void };
}

/** R-LIFE-1: the only frame that shows that a member is alive. */
export function handlePong(pong: PongMessage, session: Session, { stallFreeClock, flowControl }: PongPorts): void {
  const heartbeat = heartbeatOf(session.state);
  if (heartbeat?.recordPong(pong.n, stallFreeClock.nowMs) === true) flowControl.recordPong(session);
}
