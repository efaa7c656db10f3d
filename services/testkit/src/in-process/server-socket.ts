/** The server's end of a simulated connection. */

import type { Connection, ConnectionListener } from 'rankd/dist/gateway/transport/connection.js';
import type { PipeReader, SimulatedPipe, StreamEnd } from '../network/simulated-pipe.js';
import type { ProcessClock } from '../processes/process-clock.js';

/** Both directions of a connection: `up` carries bytes to the server, `down` to the client. */
export interface Pipes {
  readonly up: SimulatedPipe;
  readonly down: SimulatedPipe;
}

/** How the server's end behaves. */
export interface ServerSocketOptions {
  /** The server's process. A stopped process reads nothing. */
  readonly process: ProcessClock;
  /** How long a peer may take to close its end after the server's, ms. */
  readonly lingerMs: number;
  /** Changes the bytes that the server writes. Default: no change. */
  readonly tamper?: (bytes: Buffer) => Buffer;
}

/** The server's end of a connection in memory. It replaces `TcpConnection`. */
export class ServerSocket implements Connection, PipeReader {
  readonly address: string;
  readonly host: string;
  readonly #up: SimulatedPipe;
  readonly #down: SimulatedPipe;
  readonly #process: ProcessClock;
  readonly #lingerMs: number;
  readonly #tamper: (bytes: Buffer) => Buffer;
  #listener: ConnectionListener | undefined;
  #state: 'open' | 'closed' = 'open';

  constructor(address: string, pipes: Pipes, { process, lingerMs, tamper = bytes => bytes }: ServerSocketOptions) {
    this.#lingerMs = lingerMs;
    this.#tamper = tamper;
    this.address = address;
    this.host = address.slice(0, address.indexOf(':'));
    this.#up = pipes.up;
    this.#down = pipes.down;
    this.#process = process;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  get backlogBytes(): number {
    return this.#state === 'closed' ? 0 : this.#down.backlogBytes;
  }

  listen(listener: ConnectionListener): void {
    this.#listener = listener;
  }

  write(bytes: Buffer): void {
    this.#down.write(this.#tamper(bytes));
  }

  pause(): void {
    this.#up.hold('paused');
  }

  resume(): void {
    // Like a real socket, it reads waiting data after the current round of the event loop.
    this.#process.soon(() => this.#up.release('paused'));
  }

  end(): void {
    this.#up.release('paused');
    this.#down.end('fin');
    this.#process.after(this.#lingerMs, () => this.destroy());
  }

  destroy(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#up.abandon();
    this.#down.end('fin', 'dropped');
    this.#process.soon(() => this.#listener?.endClosed('us'));
  }

  keepAlive(): void {
    return undefined;
  }

  received(bytes: Buffer): void {
    this.#listener?.receiveBytes(bytes);
  }

  ended(how: StreamEnd): void {
    if (this.#state === 'closed') return;
    this.#listener?.endClosed('peer');
    if (how === 'fin') this.#down.end('fin');
    this.destroy();
  }

  /** Resets the connection: its process was killed. */
  abort(): void {
    this.#state = 'closed';
    this.#up.abandon();
    this.#down.end('rst', 'dropped');
  }

  stop(): void {
    this.#up.hold('stopped');
  }

  continue(): void {
    this.#up.release('stopped');
  }
}
