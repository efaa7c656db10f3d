import type { AddressInfo, Server, Socket } from 'node:net';

/** A join storm must not overflow the accept queue: the kernel then forgets peers that believe themselves connected. */
const ACCEPT_QUEUE = 4096;

/** Listens on the port and keeps the open sockets, so that they can be closed with it. */
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

  /** Resolves with the port that it listens on; rejects if it cannot listen. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog: ACCEPT_QUEUE }, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Accepts no more connections. Resolves when the last one is closed; destroys what is left after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const destroyLate = setTimeout(() => this.#sockets.forEach(socket => socket.destroy()), graceMs);
    await new Promise<void>(resolve => this.#server.close(() => resolve()));
    clearTimeout(destroyLate);
  }
}
