import type { Socket } from 'node:net';
import type { Connection, ConnectionListener } from './connection.js';

/** How long a peer may take to read the rest, and to close its end after ours. */
const LINGER_MS = 1000;
const NETCAT_KEEPALIVE_MS = 15_000;
/** How much is handed to the operating system at once: what a reader takes of a longer write would not show until its end. */
const WRITE_BYTES = 262_144;

/** Tells `listener` what comes of a socket that is open in both directions. */
export function carry(socket: Socket, listener: ConnectionListener): void {
  socket.on('data', bytes => listener.received(bytes));
  socket.on('end', () => {
    listener.closed('peer');
    endWithin(socket, LINGER_MS);
  });
  // Only a reset is the peer's word; other errors say no more than that the connection is over, which `close` tells.
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') listener.closed('peer');
  });
  socket.on('close', () => listener.closed('us'));
}

/** A TCP socket, or a TLS one once its handshake is through. */
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
    // Usually nothing is under way: then nobody need hear when this has gone.
    if (bytes.length < WRITE_BYTES && this.backlogBytes === 0) {
      this.#socket.write(bytes);
      return;
    }
    for (let start = 0; start < bytes.length; start += WRITE_BYTES) {
      this.#waiting.push(bytes.subarray(start, start + WRITE_BYTES));
    }
    this.#waitingBytes += bytes.length;
    this.#handOver();
  }

  /** One write at a time is under way once there is a backlog; until then the operating system takes each at once. */
  #handOver(): void {
    while (this.#socket.writable && this.#socket.writableLength < WRITE_BYTES) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#waitingBytes -= next.length;
      this.#socket.write(next, () => this.#handOver());
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
    endWithin(this.#socket, LINGER_MS);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  keepAlive(): void {
    this.#socket.setKeepAlive(true, NETCAT_KEEPALIVE_MS);
  }
}

/** Closes our end. Destroys the socket if it is not closed after `lingerMs`: a peer that reads nothing would keep it open for ever. */
function endWithin(socket: Socket, lingerMs: number): void {
  socket.end();
  const linger = setTimeout(() => socket.destroy(), lingerMs);
  linger.unref();
  socket.once('close', () => clearTimeout(linger));
}
