import type { CommandMessage, ServerMessage } from '@rankd/protocol';
import type { ClientSocket } from '../network/client-socket.js';
import type { Reach } from '../network/network.js';
import { ADMIN_TOKEN } from '../settings.js';

/** An observer with the admin token (R-ADMIN-1); comes back whenever it is asked for something and has no session. */
export class Administrator {
  readonly #reach: Reach;
  #end: ClientSocket | undefined;
  #asked = 0;

  constructor(reach: Reach) {
    this.#reach = reach;
  }

  move(member: string, rank: number): void {
    this.#ask({ action: 'move', member, rank });
  }

  remove(member: string): void {
    this.#ask({ action: 'remove', member, reason: 'simulated' });
  }

  command(command: Omit<CommandMessage, 'type' | 'id'>): void {
    this.#ask({ action: 'command', ...command });
  }

  #ask(what: object): void {
    this.#asked += 1;
    this.#connected().write(`${JSON.stringify({ type: 'admin', id: `a${this.#asked}`, ...what })}\n`);
  }

  #connected(): ClientSocket {
    if (this.#end?.isOpen() === true) return this.#end;
    const end = this.#reach.connect({
      took: message => this.#took(end, message),
      over: () => undefined,
    });
    end.send({ type: 'hello', role: 'observer', token: ADMIN_TOKEN });
    this.#end = end;
    return end;
  }

  #took(end: ClientSocket, message: ServerMessage): void {
    if (message.type === 'ping') end.send({ type: 'pong', n: message.n });
  }
}
