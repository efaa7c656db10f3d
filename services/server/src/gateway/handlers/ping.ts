import type { PingMessage } from '@rankd/protocol';
import type { Session } from '../session/session.js';

/** R-LIFE-1: a client may ping too and is answered likewise. */
export function handlePing(ping: PingMessage, session: Session): void {
  session.say(ping.n === undefined ? { type: 'pong' } : { type: 'pong', n: ping.n });
}
