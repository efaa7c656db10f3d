import type { EventEmitter } from 'node:events';
import type { JoinOptions, Membership, MembershipEvents, ServerAddress } from '@rankd/client';
import { ChaosLink } from '../network/chaos-link.js';
import { connectInMemory, type InMemorySocket } from '../network/in-memory-socket.js';
import { ProcessClock } from '../processes/process-clock.js';
import { ManualTime } from '../time/manual-time.js';
import { type ClientHost, InProcessClient } from './in-process-client.js';
import { connectionRefused, InProcessServer } from './in-process-server.js';

/** Ten times what is expected. */
const DEADLINE_MS = 10_000;
const FIRST_PORT = 2700;

/** What a server in this process is reached by: what `launchServer` returns of a real one. */
export interface FleetServer {
  readonly port: number;
  readonly server: InProcessServer;
}

/** A `ChaosProxy` in memory. */
export interface FleetProxy extends ChaosLink {
  readonly port: number;
}

/** Servers, proxies and members in one process, on one manual clock and one network with ports. All are gone after `dispose`. */
export class InProcessFleet implements ClientHost {
  readonly time = new ManualTime();
  readonly #servers: InProcessServer[] = [];
  readonly #clients: InProcessClient[] = [];
  readonly #listeners = new Map<number, () => InMemorySocket>();
  #nextPort = FIRST_PORT;
  #groups = 0;

  /** @param env settings; RANKD_PORT takes the port of a server that is gone */
  async server({ RANKD_PORT: port, ...env }: Readonly<Record<string, string>> = {}): Promise<FleetServer> {
    const server = await InProcessServer.start(env, this.time);
    this.#servers.push(server);
    return { port: this.#listen(() => server.openSocket(), port === undefined ? undefined : Number(port)), server };
  }

  /** Takes the place of a server: `accept` is given its end of each connection. Returns the port. */
  listen(accept: (socket: InMemorySocket) => void): number {
    return this.#listen(() => {
      const [client, server] = connectInMemory(this.time.clock);
      accept(server);
      return client;
    });
  }

  /** A network with faults in front of a port. */
  proxy(targetPort: number): FleetProxy {
    const link = new ChaosLink(this.time);
    const port = this.#listen(() => {
      const [client, linkEnd] = connectInMemory(this.time.clock);
      link.connect(linkEnd, this.openSocket(targetPort));
      return client;
    });
    return Object.assign(link, { port });
  }

  /** A client process whose members join at a port. */
  process(port: number): InProcessClient {
    return this.#createClient(`rankd://127.0.0.1:${port}`);
  }

  /** Joins from a process of its own. */
  async join(port: number, options: JoinOptions = {}): Promise<Membership> {
    return await this.process(port).join(options);
  }

  /** The same at whatever the URL names. */
  async joinAt(url: string, options: JoinOptions = {}): Promise<Membership> {
    return await this.#createClient(url).join(options);
  }

  /** Members of one group, by rank: as many as there are names. */
  async joinAll<const Names extends readonly string[]>(
    port: number,
    names: Names,
    options: JoinOptions = {},
  ): Promise<{ -readonly [Each in keyof Names]: Membership }> {
    const members: Membership[] = [];
    for (const name of names) members.push(await this.join(port, { ...options, name }));
    return members as { -readonly [Each in keyof Names]: Membership };
  }

  /** A group that no other test of the file uses. */
  newGroup(): string {
    this.#groups += 1;
    return `g${this.#groups}`;
  }

  /** The next event of that kind for which `fits` holds. */
  async next<E extends keyof MembershipEvents>(
    member: Membership,
    event: E,
    fits: (payload: MembershipEvents[E][0]) => boolean = () => true,
  ): Promise<MembershipEvents[E][0]> {
    const emitter = member as EventEmitter;
    let listener: (payload: MembershipEvents[E][0]) => void = () => undefined;
    const happened = new Promise<MembershipEvents[E][0]>(resolve => {
      listener = payload => {
        if (fits(payload)) resolve(payload);
      };
      emitter.on(event, listener);
    });
    return await this.time.within(DEADLINE_MS, event, happened).finally(() => emitter.off(event, listener));
  }

  /** Resolves once each of them has a rank and may act on it. */
  async allSeated(members: readonly Membership[]): Promise<void> {
    const isSeated = ({ rank }: Membership): boolean => rank !== undefined;
    await this.time.eventually(DEADLINE_MS, 'ranks', () => (members.every(isSeated) ? true : undefined));
  }

  /** @throws Error ECONNREFUSED if nothing listens there */
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
