import type { JoinOptions, Membership } from '@rankd/client';
import { type ClientEnvironment, joinWith } from '@rankd/client/internal';
import type { ChaosLink } from '../network/chaos-link.js';
import type { InMemorySocket } from '../network/in-memory-socket.js';
import type { ProcessClock } from '../processes/process-clock.js';
import type { InProcessServer } from './in-process-server.js';

const URL = 'rankd://in-process';

export interface InProcessClientOptions {
  /** The network between the client and the server. Default: one without faults. */
  readonly link?: ChaosLink;
}

/** A client process with the library, in this process and on the time of its server. */
export class InProcessClient {
  /** What the library takes from the process. */
  readonly environment: ClientEnvironment;
  readonly #server: InProcessServer;
  readonly #process: ProcessClock;
  readonly #sockets: InMemorySocket[] = [];
  readonly #members: Membership[] = [];
  readonly #link: ChaosLink | undefined;

  constructor(server: InProcessServer, { link }: InProcessClientOptions = {}) {
    this.#server = server;
    this.#process = server.createProcess();
    this.#link = link;
    const process = this.#process;
    this.environment = {
      clock: { nowMs: () => process.nowMs, after: (delayMs, run) => process.after(delayMs, run) },
      random: () => 0.5,
      connect: async () => Promise.resolve(this.#openSocket()),
      afterReads: run => process.soon(run),
    };
  }

  /** Joins. Time passes until the member has a rank. */
  async join(options: JoinOptions = {}): Promise<Membership> {
    const member = await this.#server.time.elapse(joinWith(this.environment, URL, options));
    this.#members.push(member);
    return member;
  }

  /** SIGSTOP: no timer runs and nothing is read. */
  stop(): void {
    this.#process.stop();
    for (const socket of this.#sockets) socket.stopReading();
  }

  /** SIGCONT: timers that are overdue run before anything is read. */
  continue(): void {
    this.#process.continue();
    for (const socket of this.#sockets) socket.continueReading();
  }

  /** All members of this process leave. */
  async dispose(): Promise<void> {
    this.continue();
    await this.#server.time.elapse(Promise.all(this.#members.map(async member => member.leave())));
  }

  #openSocket(): InMemorySocket {
    const socket = this.#link === undefined ? this.#server.openSocket() : this.#server.openSocketThrough(this.#link);
    this.#sockets.push(socket);
    socket.once('close', () => void this.#sockets.splice(this.#sockets.indexOf(socket), 1));
    return socket;
  }
}
