import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Connection } from './connection.js';
import { TcpConnection } from './tcp-connection.js';

/** A TLS connection, from before its handshake. Until the handshake is complete, nothing can be sent, and `end` destroys the socket. */
export class TlsConnection implements Connection {
  readonly address: string;
  readonly host: string;
  readonly #socket: Socket;
  #secured: TcpConnection | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    const { address, host } = new TcpConnection(socket);
    this.address = address;
    this.host = host;
  }

  /** Uses the socket of a complete handshake from now on. */
  secure(socket: TLSSocket): void {
    this.#secured = new TcpConnection(socket);
  }

  get backlogBytes(): number {
    return this.#secured?.backlogBytes ?? 0;
  }

  write(bytes: Buffer): void {
    this.#secured?.write(bytes);
  }

  pause(): void {
    this.#secured?.pause();
  }

  resume(): void {
    this.#secured?.resume();
  }

  end(): void {
    if (this.#secured === undefined) this.#socket.destroy();
    else this.#secured.end();
  }

  destroy(): void {
    if (this.#secured === undefined) this.#socket.destroy();
    else this.#secured.destroy();
  }

  keepAlive(): void {
    this.#secured?.keepAlive();
  }
}
