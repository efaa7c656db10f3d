import type { AddressInfo, Server, Socket } from 'node:net';

/** A join storm must not overflow the accept queue: the kernel then forgets peers that believe themselves connected. */
const ACCEPT_QUEUE = 4096;

/** The port, and whoever is connected to it, whatever the transport makes of them. */
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

  /** Resolves with the port that it listens on; rejects where it cannot. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog: ACCEPT_QUEUE }, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Accepts nobody any more; resolves when the last connection is closed, destroying what is left after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const destroyLate = setTimeout(() => this.#sockets.forEach(socket => socket.destroy()), graceMs);
    await new Promise<void>(resolve => this.#server.close(() => resolve()));
    clearTimeout(destroyLate);
  }
}
