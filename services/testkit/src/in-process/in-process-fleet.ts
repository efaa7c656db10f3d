/** Servers, proxies and members of a test, simulated in one process. */

import type { JoinOptions, Membership, MembershipEvents, ServerAddress } from '@rankd/client';
import { nextEvent } from '../fixture/membership-event.js';
import { ChaosLink } from '../network/chaos-link.js';
import { connectInMemory, type InMemorySocket } from '../network/in-memory-socket.js';
import { ProcessClock } from '../processes/process-clock.js';
import { ManualTime } from '../time/manual-time.js';
import { type ClientHost, InProcessClient } from './in-process-client.js';
import { connectionRefused, InProcessServer } from './in-process-server.js';

/** How long to wait for an event, ms: ten times the expected duration. */
const DEADLINE_MS = 10_000;
const FIRST_PORT = 2700;

/** A server in this process, with the same fields as a server from `launchServer`. */
export interface FleetServer {
  readonly port: number;
  readonly server: InProcessServer;
}

/** A `ChaosProxy` in memory. */
export interface FleetProxy extends ChaosLink {
  readonly port: number;
}

/** Servers, proxies and members in one process, on one manual clock and one network with ports. `dispose` ends all of them. */
export class InProcessFleet implements ClientHost {
  readonly time = new ManualTime();
  readonly #servers: InProcessServer[] = [];
  readonly #clients: InProcessClient[] = [];
  readonly #listeners = new Map<number, () => InMemorySocket>();
  #nextPort = FIRST_PORT;
  #groups = 0;

  /**
   * Starts a server.
   * @param env settings; RANKD_PORT may be the port of a server that has ended
   */
  async server({ RANKD_PORT: port, ...env }: Readonly<Record<string, string>> = {}): Promise<FleetServer> {
    const server = await InProcessServer.start(env, this.time);
    this.#servers.push(server);
    return { port: this.#listen(() => server.openSocket(), port === undefined ? undefined : Number(port)), server };
  }

  /**
   * Listens in place of a server.
   * @param accept receives the server's end of each connection
   * @returns the port
   */
  listen(accept: (socket: InMemorySocket) => void): number {
    return this.#listen(() => {
      const [client, server] = connectInMemory(this.time.clock);
      accept(server);
      return client;
    });
  }

  /** Opens a proxy in front of a port. The test sets its faults. */
  proxy(targetPort: number): FleetProxy {
    const link = new ChaosLink(this.time);
    const port = this.#listen(() => {
      const [client, linkEnd] = connectInMemory(this.time.clock);
      link.connect(linkEnd, this.openSocket(targetPort));
      return client;
    });
    return Object.assign(link, { port });
  }

  /** Starts a client process whose members join at a port. */
  process(port: number): InProcessClient {
    return this.#createClient(`rankd://127.0.0.1:${port}`);
  }

  /** Joins from a new process. */
  async join(port: number, options: JoinOptions = {}): Promise<Membership> {
    return await this.process(port).join(options);
  }

  /** Joins from a new process, with any URL. */
  async joinAt(url: string, options: JoinOptions = {}): Promise<Membership> {
    return await this.#createClient(url).join(options);
  }

  /** Joins one member for each name, in order, all in one group. */
  async joinAll<const Names extends readonly string[]>(
    port: number,
    names: Names,
    options: JoinOptions = {},
  ): Promise<{ -readonly [Each in keyof Names]: Membership }> {
    const members: Membership[] = [];
    for (const name of names) members.push(await this.join(port, { ...options, name }));
    return members as { -readonly [Each in keyof Names]: Membership };
  }

  /** Returns the name of a group that no other test of the file uses. */
  newGroup(): string {
    this.#groups += 1;
    return `g${this.#groups}`;
  }

  /** Resolves with the next event of that kind for which `fits` returns true. */
  async next<E extends keyof MembershipEvents>(
    member: Membership,
    event: E,
    fits: (payload: MembershipEvents[E][0]) => boolean = () => true,
  ): Promise<MembershipEvents[E][0]> {
    return await nextEvent(this.time, { member, event, deadlineMs: DEADLINE_MS }, fits);
  }

  /** Resolves when each of the members has a rank and may act on it. */
  async allSeated(members: readonly Membership[]): Promise<void> {
    const isSeated = ({ rank }: Membership): boolean => rank !== undefined;
    await this.time.eventually(DEADLINE_MS, 'ranks', () => (members.every(isSeated) ? true : undefined));
  }

  /**
   * Opens a connection and returns the client's end.
   * @throws Error ECONNREFUSED if no server listens there
   */
  openSocket(port: number): InMemorySocket {
    const open = this.#listeners.get(port);
    if (open === undefined) throw connectionRefused();
    return open();
  }

  dial({ port }: ServerAddress): InMemorySocket {
    return this.openSocket(port);
  }

  createProcess(): ProcessClock {
    return new ProcessClock(this.time.clock, 0);
  }

  async dispose(): Promise<void> {
    await this.time.elapse(Promise.all(this.#clients.splice(0).map(async client => client.dispose())));
    for (const server of this.#servers.splice(0)) await server.dispose();
  }

  #createClient(url: string): InProcessClient {
    const client = new InProcessClient(this, url);
    this.#clients.push(client);
    return client;
  }

  #listen(open: () => InMemorySocket, port: number = this.#nextPort++): number {
    this.#listeners.set(port, open);
    return port;
  }
}
