import type { Gateway } from '@rankd/server/dist/gateway/gateway.js';
import type { ProcessClock } from '@rankd/testkit';
import { type Pipes, ServerSocket } from '@rankd/testkit/in-process';

/** How long a peer may take to close its end after the server's. */
const LINGER_MS = 100;

/** The server's ends of all connections of one process. */
export class ServerSockets {
  readonly #process: ProcessClock;
  readonly #written: (bytes: Buffer) => Buffer;
  readonly #ends = new Set<ServerSocket>();
  #opened = 0;

  constructor(process: ProcessClock, written: (bytes: Buffer) => Buffer) {
    this.#process = process;
    this.#written = written;
  }

  get count(): number {
    return this.#ends.size;
  }

  open(pipes: Pipes, gateway: Gateway): ServerSocket {
    this.#opened += 1;
    const end = new ServerSocket(`192.0.2.1:${this.#opened}`, pipes, {
      process: this.#process,
      lingerMs: LINGER_MS,
      tamper: this.#written,
    });
    for (const each of this.#ends) if (each.isClosed) this.#ends.delete(each);
    this.#ends.add(end);
    end.listen(gateway.accept(end));
    return end;
  }

  stop(): void {
    for (const end of this.#ends) end.stop();
  }

  continue(): void {
    for (const end of this.#ends) end.continue();
  }

  die(): void {
    for (const end of this.#ends) end.die();
    this.#ends.clear();
  }
}
