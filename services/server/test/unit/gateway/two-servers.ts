import { FlowAnnouncements } from '../../../src/cluster/flow/flow-announcements.js';
import type { Coordinator, Entry, ServerEntry } from '../../../src/core/index.js';
import { LocalLog } from '../../../src/log/local-log.js';
import type { AppliedListener, Origin } from '../../../src/log/ordered-log.js';
import { GatewayFixture, type InMemoryPeer } from './gateway-fixture.js';

type SharedEntry = Entry | ServerEntry;

/** One server's copy of an order that it shares with another server. */
class SharedLog extends LocalLog {
  readonly #propose: (entry: Entry) => void;
  #listener: AppliedListener = () => undefined;

  constructor(coordinator: Coordinator, propose: (entry: Entry) => void) {
    super(coordinator);
    this.#propose = propose;
  }

  override onApplied(listener: AppliedListener): void {
    this.#listener = listener;
  }

  override append(entry: Entry): void {
    this.#propose(entry);
  }

  apply(entry: Entry, origin: Origin): void {
    this.#listener(entry, this.coordinator.apply(entry), origin);
  }
}

/** A server of TwoServers. */
export interface SharingServer {
  readonly id: string;
  readonly fixture: GatewayFixture;
  readonly log: SharedLog;
  readonly flow: FlowAnnouncements;
}

/** Two gateways that share one order, which applies entries when `settle` is called. */
export class TwoServers {
  readonly here: SharingServer;
  readonly there: SharingServer;
  readonly #waiting: { readonly from: string; readonly entry: SharedEntry }[] = [];
  /** How long each server takes to apply what is in the log. */
  readonly readBackMs = new Map<string, number>();
  /** The largest number of result entries that waited at the same time. */
  resultsWaitingMax = 0;

  constructor(env: Readonly<Record<string, string>>, format = 2) {
    this.here = this.#createServer('here', env, format);
    this.there = this.#createServer('there', env, format);
  }

  /** Applies everything that waits at both servers, and what follows from it. */
  settle(): void {
    this.#settleClocks();
    while (this.#waiting.length > 0) {
      const results = this.#waiting.filter(({ entry }) => entry.kind === 'result').length;
      this.resultsWaitingMax = Math.max(this.resultsWaitingMax, results);
      for (const { from, entry } of this.#waiting.splice(0)) this.#apply(from, entry);
      this.#settleClocks();
    }
  }

  /** Advances both clocks while `alive` answer their pings. */
  advance(ms: number, ...alive: readonly InMemoryPeer[]): void {
    for (let left = ms; left > 0; left -= 10) {
      for (const { fixture } of this.#servers) fixture.clock.pass(Math.min(10, left));
      this.settle();
      for (const peer of alive) peer.pong();
      this.settle();
    }
  }

  /** The server `there` has left the cluster. */
  loseThere(): void {
    this.here.flow.removeServer('there');
    this.settle();
  }

  get #servers(): readonly SharingServer[] {
    return [this.here, this.there];
  }

  #settleClocks(): void {
    for (const { fixture } of this.#servers) fixture.clock.settle();
  }

  #apply(from: string, entry: SharedEntry): void {
    for (const { id, log, flow } of this.#servers) {
      if (entry.kind === 'server-flow') flow.recordApplied(from, entry);
      else log.apply(entry as Entry, from === id ? 'here' : 'elsewhere');
    }
  }

  #createServer(id: string, env: Readonly<Record<string, string>>, format: number): SharingServer {
    const append = (entry: SharedEntry): void => void this.#waiting.push({ from: id, entry });
    const { readBackMs } = this;
    const register = {
      registry: { format },
      append,
      get readBackMs() {
        return readBackMs.get(id) ?? 0;
      },
    };
    const flow = new FlowAnnouncements(id, {
      clock: { wallMs: () => 1 },
      shards: () => [register],
      shardOf: () => undefined,
    });
    let log: SharedLog | undefined;
    const place = { cluster: 'cluster', server: id, flow };
    const fixture = new GatewayFixture(env, coordinator => (log = new SharedLog(coordinator, append)), place);
    if (log === undefined) throw new Error('the fixture created no log');
    return { id, fixture, log, flow };
  }
}
