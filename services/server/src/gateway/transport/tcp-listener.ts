/** Listens on a TCP port. */

import type { AddressInfo, Server, Socket } from 'node:net';

/** When many clients join at once, the accept queue must not overflow. The kernel would drop clients that believe they are connected. */
const ACCEPT_QUEUE = 4096;

/** Listens on the port, and keeps its open sockets so that it can close them. */
export class TcpListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', socket => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Resolves with the port on which it listens. Rejects if it cannot listen. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog: ACCEPT_QUEUE }, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Stops accepting connections. Resolves when the last one has closed. Destroys those that are open after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const destroyLate = setTimeout(() => this.#sockets.forEach(socket => socket.destroy()), graceMs);
    await new Promise<void>(resolve => this.#server.close(() => resolve()));
    clearTimeout(destroyLate);
  }
}
