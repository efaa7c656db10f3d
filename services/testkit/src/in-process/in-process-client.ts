/** A client process with the library, simulated in this process. */

import type { JoinOptions, Membership, ServerAddress } from '@rankd/client';
import { type ClientEnvironment, joinWith } from '@rankd/client/internal';
import type { InMemorySocket } from '../network/in-memory-socket.js';
import type { ProcessClock } from '../processes/process-clock.js';
import type { ManualTime } from '../time/manual-time.js';

/** The host of a client process: its time, and the network that it reaches. */
export interface ClientHost {
  readonly time: ManualTime;
  createProcess(): ProcessClock;
  /**
   * Opens a connection and returns the client's end.
   * @throws Error if no server listens there
   */
  dial(address: ServerAddress): InMemorySocket;
}

/** A client process with the library, simulated in this process, on the time of its host. */
export class InProcessClient {
  /** The environment that the library gets from this process. */
  readonly environment: ClientEnvironment;
  readonly #host: ClientHost;
  readonly #url: string;
  readonly #process: ProcessClock;
  readonly #sockets: InMemorySocket[] = [];
  readonly #members: Membership[] = [];

  constructor(host: ClientHost, url: string) {
    this.#host = host;
    this.#url = url;
    this.#process = host.createProcess();
    const process = this.#process;
    this.environment = {
      clock: { nowMs: () => process.nowMs, after: (delayMs, run) => process.after(delayMs, run) },
      random: () => 0.5,
      connect: async address => Promise.resolve(this.#openSocket(address)),
      afterReads: run => process.soon(run),
    };
  }

  /** Joins. Time passes until the member has a rank. */
  async join(options: JoinOptions = {}): Promise<Membership> {
    const member = await this.#host.time.elapse(joinWith(this.environment, this.#url, options));
    this.#members.push(member);
    return member;
  }

  /** Acts as SIGSTOP: no timer runs and nothing is read. */
  stop(): void {
    this.#process.stop();
    for (const socket of this.#sockets) socket.stopReading();
  }

  /** Acts as SIGCONT: overdue timers run before anything is read. */
  continue(): void {
    this.#process.continue();
    for (const socket of this.#sockets) socket.continueReading();
  }

  /** Acts as SIGKILL: its connections close, and it does nothing after that. */
  kill(): void {
    this.#process.kill();
    for (const socket of [...this.#sockets]) socket.destroy();
  }

  /** Makes all members of this process leave. */
  async dispose(): Promise<void> {
    if (this.#process.state === 'dead') return;
    this.continue();
    await this.#host.time.elapse(Promise.all(this.#members.map(async member => member.leave())));
  }

  #openSocket(address: ServerAddress): InMemorySocket {
    const socket = this.#host.dial(address);
    this.#sockets.push(socket);
    socket.once('close', () => void this.#sockets.splice(this.#sockets.indexOf(socket), 1));
    return socket;
  }
}
