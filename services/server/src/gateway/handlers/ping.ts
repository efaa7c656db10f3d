import type { PingMessage } from '@rankd/protocol';
import type { Session } from '../session/session.js';

/** R-LIFE-1: the handler of `ping` messages. Answers with a pong of the same number. */
export function handlePing(ping: PingMessage, session: Session): void {
  session.sendMessage(ping.n === undefined ? { type: 'pong' } : { type: 'pong', n: ping.n });
}
