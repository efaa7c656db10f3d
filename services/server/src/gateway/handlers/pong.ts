import type { PongMessage } from '@rankd/protocol';
import type { Gateway } from '../gateway.js';
import type { Session } from '../session/session.js';
import { heartbeatOf } from '../session/session-state.js';

/** R-LIFE-1: the only frame that shows that a member is alive. */
export function handlePong(pong: PongMessage, session: Session, gateway: Gateway): void {
  const pulse = heartbeatOf(session.state);
  if (pulse?.pong(pong.n, gateway.livedMs) === true) gateway.flow.heard(session);
}
