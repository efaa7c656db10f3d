/** The handlers of client messages, one file for each type of message. */

import { assertNever, type ClientMessage, type MessageRead, type ReadMessage } from '@rankd/protocol';
import type { Session } from '../session/session.js';
import { type AdminPorts, handleAdmin } from './admin.js';
import { type CommandPorts, handleCommand } from './command.js';
import { confirmResumption, type ConfirmResumptionPorts } from './confirm-resumption.js';
import { handleHello, type HelloPorts } from './hello.js';
import { handleHistory, type HistoryPorts } from './history.js';
import { handleLeave } from './leave.js';
import { handlePing, type PingPorts } from './ping.js';
import { handlePong, type PongPorts } from './pong.js';
import { handleResign, type ResignPorts } from './resign.js';
import { handleResult, type ResultPorts } from './result.js';
import { handleRoster, type RosterPorts } from './roster.js';
import { handleYielded, type YieldedPorts } from './yielded.js';

/** The messages that a session on the waitlist may send (R-JOIN-4). */
const whileWaiting: ReadonlySet<ClientMessage['type']> = new Set(['ping', 'pong', 'leave']);

/** The ports of each handler. */
export interface HandlerPorts {
  readonly hello: HelloPorts;
  readonly resumption: ConfirmResumptionPorts;
  readonly ping: PingPorts;
  readonly pong: PongPorts;
  readonly command: CommandPorts;
  readonly admin: AdminPorts;
  readonly result: ResultPorts;
  readonly yielded: YieldedPorts;
  readonly resign: ResignPorts;
  readonly roster: RosterPorts;
  readonly history: HistoryPorts;
}

/** Passes each message to its handler, if the session may send this message now. */
export class MessageHandlers {
  readonly #ports: HandlerPorts;

  constructor(ports: HandlerPorts) {
    this.#ports = ports;
  }

  /**
   * Handles a message. Ends the session with BAD_FRAME, BAD_MESSAGE or HELLO_EXPECTED if the frame or the message breaks a rule
   * (R-FRAME-3, R-FRAME-4, R-JOIN-1, R-JOIN-4).
   */
  handleMessage(read: ReadMessage, session: Session): void {
    if (read.kind === 'bad-frame') {
      session.end('BAD_FRAME');
      return;
    }
    confirmResumption(session, this.#ports.resumption);
    if (read.kind === 'bad-message') session.end('BAD_MESSAGE', read.detail);
    else if (session.state.phase === 'greeting' && read.message.type !== 'hello') {
      session.end('HELLO_EXPECTED', read.message.type);
    } else if (session.state.phase === 'waiting' && !whileWaiting.has(read.message.type)) {
      session.end('BAD_MESSAGE', `${read.message.type} while waiting for a seat`);
    } else this.#dispatch(read, session);
  }

  #dispatch({ message, payload }: MessageRead, session: Session): void {
    const ports = this.#ports;
    switch (message.type) {
      case 'hello':
        return handleHello(message, session, ports.hello);
      case 'ping':
        return handlePing(message, session, ports.ping);
      case 'pong':
        return handlePong(message, session, ports.pong);
      case 'leave':
        return handleLeave(session);
      case 'command':
        return handleCommand(message, payload, session, ports.command);
      case 'result':
        return handleResult(message, payload, session, ports.result);
      case 'yielded':
        return handleYielded(session, ports.yielded);
      case 'resign':
        return handleResign(session, ports.resign);
      case 'roster':
        return handleRoster(session, ports.roster);
      case 'history':
        return handleHistory(message, session, ports.history);
      case 'admin':
        return handleAdmin(message, payload, session, ports.admin);
      default:
        return assertNever(message);
    }
  }
}
