import { assertNever, type ClientMessage, type MessageRead } from '@rankd/protocol';
import type { Gateway } from '../gateway.js';
import type { Session } from '../session/session.js';
import { handleAdmin } from './admin.js';
import { handleCommand } from './command.js';
import { handleHello } from './hello.js';
import { handleHistory } from './history.js';
import { handleLeave } from './leave.js';
import { handlePing } from './ping.js';
import { handlePong } from './pong.js';
import { handleResult } from './result.js';
import { handleRoster } from './roster.js';
import { handleYielded } from './yielded.js';

/** R-JOIN-4 */
const whileWaiting: ReadonlySet<ClientMessage['type']> = new Set(['ping', 'pong', 'leave']);

/** The whole dispatch: one handler a message, each in its own file. */
export function handleMessage({ message, payload }: MessageRead, session: Session, gateway: Gateway): void {
  if (session.state.phase === 'waiting' && !whileWaiting.has(message.type)) {
    session.end('BAD_MESSAGE', `${message.type} while waiting for a seat`);
    return;
  }
  switch (message.type) {
    case 'hello':
      return handleHello(message, session, gateway);
    case 'ping':
      return handlePing(message, session);
    case 'pong':
      return handlePong(message, session, gateway);
    case 'leave':
      return handleLeave(session);
    case 'command':
      return handleCommand(message, payload, session, gateway);
    case 'result':
      return handleResult(message, payload, session, gateway);
    case 'yielded':
      return handleYielded(session, gateway);
    case 'roster':
      return handleRoster(session, gateway);
    case 'history':
      return handleHistory(message, session, gateway);
    case 'admin':
      return handleAdmin(message, payload, session, gateway);
    default:
      return assertNever(message);
  }
}
