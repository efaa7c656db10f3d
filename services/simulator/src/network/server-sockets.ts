/** The sockets of one simulated server process. */

import type { Gateway } from 'rankd/dist/gateway/gateway.js';
import type { ProcessClock } from '@rankd/testkit';
import { type Pipes, ServerSocket } from '@rankd/testkit/in-process';

/** How long a peer may take to close its end after the server's, ms. */
const LINGER_MS = 100;

/** The sockets of one server process. */
export class ServerSockets {
  readonly #process: ProcessClock;
  readonly #tamperBytes: (bytes: Buffer) => Buffer;
  readonly #sockets = new Set<ServerSocket>();
  #openedCount = 0;

  constructor(process: ProcessClock, tamperBytes: (bytes: Buffer) => Buffer) {
    this.#process = process;
    this.#tamperBytes = tamperBytes;
  }

  /** The number of open sockets. */
  get count(): number {
    return this.#sockets.size;
  }

  /** Opens the server's end of a connection and passes it to the gateway. */
  openSocket(pipes: Pipes, gateway: Gateway): ServerSocket {
    this.#openedCount += 1;
    const socket = new ServerSocket(`192.0.2.1:${this.#openedCount}`, pipes, {
      process: this.#process,
      lingerMs: LINGER_MS,
      tamper: this.#tamperBytes,
    });
    for (const each of this.#sockets) if (each.isClosed) this.#sockets.delete(each);
    this.#sockets.add(socket);
    socket.listen(gateway.accept(socket));
    return socket;
  }

  /** Stops reading on all sockets, because the process is stopped. */
  stopAll(): void {
    for (const socket of this.#sockets) socket.stop();
  }

  /** Continues reading on all sockets. */
  continueAll(): void {
    for (const socket of this.#sockets) socket.continue();
  }

  /** Resets all sockets, because the process has died. */
  abortAll(): void {
    for (const socket of this.#sockets) socket.abort();
    this.#sockets.clear();
  }
}
