import type { CommandMessage, ServerMessage } from '@rankd/protocol';
import type { ClientSocket } from '../network/client-socket.js';
import type { NetworkPath } from '../network/network.js';
import { ADMIN_TOKEN } from '../settings.js';

/**
 * A simulated administrator: an observer with the admin token (R-ADMIN-1). It connects when it sends a request and has no
 * session.
 */
export class Administrator {
  readonly #network: NetworkPath;
  #socket: ClientSocket | undefined;
  #requestCount = 0;

  constructor(network: NetworkPath) {
    this.#network = network;
  }

  /** Moves a member to a rank. */
  moveMember(member: string, rank: number): void {
    this.#sendRequest({ action: 'move', member, rank });
  }

  /** Removes a member. */
  removeMember(member: string): void {
    this.#sendRequest({ action: 'remove', member, reason: 'simulated' });
  }

  /** Sends a command as rank -1. */
  sendCommand(command: Omit<CommandMessage, 'type' | 'id'>): void {
    this.#sendRequest({ action: 'command', ...command });
  }

  #sendRequest(what: object): void {
    this.#requestCount += 1;
    this.#connect().write(`${JSON.stringify({ type: 'admin', id: `a${this.#requestCount}`, ...what })}\n`);
  }

  #connect(): ClientSocket {
    if (this.#socket?.isOpen() === true) return this.#socket;
    const socket = this.#network.connect({
      onMessage: message => this.#handleMessage(socket, message),
      onClosed: () => undefined,
    });
    socket.send({ type: 'hello', role: 'observer', token: ADMIN_TOKEN });
    this.#socket = socket;
    return socket;
  }

  #handleMessage(socket: ClientSocket, message: ServerMessage): void {
    if (message.type === 'ping') socket.send({ type: 'pong', n: message.n });
  }
}
