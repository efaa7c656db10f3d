/** A TCP socket as the connection of a session. */

import { isIPv6, type Socket } from 'node:net';
import { plainAddress } from '../../client-address.js';
import type { Connection, ConnectionListener } from './connection.js';

/** How long a client may take to read the rest and to close its end after this end has closed. */
const LINGER_MS = 1000;
/** After this long without traffic, TCP keepalive probes a client that answers no pings. */
const NETCAT_KEEPALIVE_MS = 15_000;
/** The most bytes of one write to the socket. A longer write would show no progress until its end, and FlowControl measures progress. */
const WRITE_BYTES = 262_144;

/** Passes the events of an open socket to `listener`. */
export function forwardEvents(socket: Socket, listener: ConnectionListener): void {
  socket.on('data', bytes => listener.receiveBytes(bytes));
  socket.on('end', () => {
    listener.endClosed('peer');
    endAfterLinger(socket, LINGER_MS);
  });
  // Of all errors, only a reset comes from the client. The event `close` follows every error.
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') listener.endClosed('peer');
  });
  socket.on('close', () => listener.endClosed('us'));
}

/** A TCP socket, or a TLS socket after its handshake. */
export class TcpConnection implements Connection {
  readonly address: string;
  readonly host: string;
  readonly #socket: Socket;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    const { remoteAddress = 'unknown', remotePort = 0 } = socket;
    this.host = plainAddress(remoteAddress);
    this.address = isIPv6(this.host) ? `[${this.host}]:${remotePort}` : `${this.host}:${remotePort}`;
  }

  get backlogBytes(): number {
    return this.#socket.writableLength + this.#waitingBytes;
  }

  write(bytes: Buffer): void {
    // Usually nothing waits. The write then needs no callback, which is faster.
    if (bytes.length < WRITE_BYTES && this.backlogBytes === 0) {
      this.#socket.write(bytes);
      return;
    }
    for (let start = 0; start < bytes.length; start += WRITE_BYTES) {
      this.#waiting.push(bytes.subarray(start, start + WRITE_BYTES));
    }
    this.#waitingBytes += bytes.length;
    this.#writeWaiting();
  }

  /** Writes the waiting bytes while the operating system takes them. With a backlog, one write at a time is in flight. */
  #writeWaiting(): void {
    while (this.#socket.writable && this.#socket.writableLength < WRITE_BYTES) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#waitingBytes -= next.length;
      this.#socket.write(next, () => this.#writeWaiting());
    }
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.resume();
    for (const bytes of this.#waiting.splice(0)) this.#socket.write(bytes);
    this.#waitingBytes = 0;
    endAfterLinger(this.#socket, LINGER_MS);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  keepAlive(): void {
    this.#socket.setKeepAlive(true, NETCAT_KEEPALIVE_MS);
  }
}

/**
 * Closes this end. Destroys the socket if the client has not closed its end after `lingerMs`, because a client that reads nothing would
 * keep it open forever.
 */
function endAfterLinger(socket: Socket, lingerMs: number): void {
  socket.end();
  const linger = setTimeout(() => socket.destroy(), lingerMs);
  linger.unref();
  socket.once('close', () => clearTimeout(linger));
}
