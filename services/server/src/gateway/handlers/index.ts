import { assertNever, type ClientMessage, type MessageRead } from '@rankd/protocol';
import type { Session } from '../session/session.js';
import { handleAdmin } from './admin.js';
import { handleCommand } from './command.js';
import { handleHello, type HelloPorts } from './hello.js';
import { handleHistory, type HistoryPorts } from './history.js';
import { handleLeave } from './leave.js';
import { handlePing } from './ping.js';
import { handlePong, type PongPorts } from './pong.js';
import type { ProposeCommandPorts } from './propose-command.js';
import { handleResult, type ResultPorts } from './result.js';
import { handleRoster, type RosterPorts } from './roster.js';
import { handleYielded, type YieldedPorts } from './yielded.js';

/** R-JOIN-4 */
const whileWaiting: ReadonlySet<ClientMessage['type']> = new Set(['ping', 'pong', 'leave']);

/** What the handlers need together; each takes its own part. */
export type HandlerPorts = HelloPorts &
  PongPorts &
  ProposeCommandPorts &
  ResultPorts &
  YieldedPorts &
  RosterPorts &
  HistoryPorts;

/** Hands each message to its handler, which is in a file of its own. */
export function handleMessage({ message, payload }: MessageRead, session: Session, ports: HandlerPorts): void {
  if (session.state.phase === 'waiting' && !whileWaiting.has(message.type)) {
    session.end('BAD_MESSAGE', `${message.type} while waiting for a seat`);
    return;
  }
  switch (message.type) {
    case 'hello':
      return handleHello(message, session, ports);
    case 'ping':
      return handlePing(message, session);
    case 'pong':
      return handlePong(message, session, ports);
    case 'leave':
      return handleLeave(session);
    case 'command':
      return handleCommand(message, payload, session, ports);
    case 'result':
      return handleResult(message, payload, session, ports);
    case 'yielded':
      return handleYielded(session, ports);
    case 'roster':
      return handleRoster(session, ports);
    case 'history':
      return handleHistory(message, session, ports);
    case 'admin':
      return handleAdmin(message, payload, session, ports);
    default:
      return assertNever(message);
  }
}
