import type { Socket } from 'node:net';
import type { Connection, ConnectionListener } from './connection.js';

/** How long a peer may take to read the rest and to close its end after ours. */
const LINGER_MS = 1000;
const NETCAT_KEEPALIVE_MS = 15_000;
/** How much is written to the socket at once: of a longer write, progress would show only at its end. */
const WRITE_BYTES = 262_144;

/** Passes the events of a socket that is open in both directions to `listener`. */
export function forwardEvents(socket: Socket, listener: ConnectionListener): void {
  socket.on('data', bytes => listener.receiveBytes(bytes));
  socket.on('end', () => {
    listener.endClosed('peer');
    endAfterLinger(socket, LINGER_MS);
  });
  // Only a reset comes from the peer. Other errors say that the connection is over, and so does `close`.
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
    const { remoteAddress = 'unknown', remotePort = 0, remoteFamily } = socket;
    this.host = remoteAddress;
    this.address = remoteFamily === 'IPv6' ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
  }

  get backlogBytes(): number {
    return this.#socket.writableLength + this.#waitingBytes;
  }

  write(bytes: Buffer): void {
    // Usually nothing waits: then no callback is needed when this is written.
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

  /** With a backlog, one write at a time is under way; without, the operating system takes each at once. */
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

/** Closes our end. Destroys the socket if it is not closed after `lingerMs`: a peer that reads nothing would keep it open for ever. */
function endAfterLinger(socket: Socket, lingerMs: number): void {
  socket.end();
  const linger = setTimeout(() => socket.destroy(), lingerMs);
  linger.unref();
  socket.once('close', () => clearTimeout(linger));
}
