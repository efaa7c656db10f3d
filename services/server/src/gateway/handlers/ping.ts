import type { PingMessage } from '@rankd/protocol';
import type { Session } from '../session/session.js';

/** R-LIFE-1: answers a client's ping with a pong of the same number. */
export function handlePing(ping: PingMessage, session: Session): void {
  session.sendMessage(ping.n === undefined ? { type: 'pong' } : { type: 'pong', n: ping.n });
}
