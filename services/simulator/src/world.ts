import { coreLimits } from '@rankd/server/dist/core-limits.js';
import type { ServerConfig } from '@rankd/server/dist/config.js';
import { SeededRandom, VirtualClock } from '@rankd/testkit';
import { Administrator } from './participants/administrator.js';
import { Checker } from './checks/checker.js';
import { pickClientProfile } from './participants/client-profile.js';
import { noBugs, type PlantedBug } from './planted-bugs.js';
import { ModelClient } from './participants/model-client.js';
import { TraceRecorder } from './trace-recorder.js';
import { Reach } from './network/network.js';
import { ServerProcess, type RestartState } from './participants/server-process.js';
import { settingsFor } from './settings.js';

/** How many processes live at once. */
export const CLIENTS_MAX = 8;
/** I8: how many of the entries are applied twice. */
const DOUBLED_SHARE = 0.02;
/** How long open commands have, and then the goodbyes, ms. */
const DRAIN_MS = 100;
/** I11: longer than every grace, deadline and patience of these settings together. */
const SETTLE_MS = 3000;

/** Takes what happens, line by line, for whoever replays a seed. */
export type WriteTrace = (atMs: number, line: string) => void;

export interface WorldOptions {
  readonly fault?: PlantedBug | undefined;
  readonly writeTrace?: WriteTrace | undefined;
}

const nothingKept: RestartState = { epochLast: 0, orders: new Map() };

/** One seed's world: a server, its clients, what lies between them, and the checker that sees it all. */
export class World {
  readonly writeTrace: WriteTrace | undefined;
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly config: ServerConfig;
  readonly checker: Checker;
  readonly administrator: Administrator;
  readonly #fault: PlantedBug;
  readonly #clients = new Set<ModelClient>();
  #server: ServerProcess;
  #named = 0;

  constructor(seed: number, { fault = noBugs, writeTrace }: WorldOptions = {}) {
    this.writeTrace = writeTrace;
    this.random = new SeededRandom(seed);
    this.config = settingsFor(this.random);
    this.#fault = fault;
    this.checker = new Checker(this.config, this.#clients, () => this.clock.nowMs);
    this.#server = this.#begin(nothingKept);
    this.administrator = new Administrator(new Reach(this.clock, this.random, () => () => this.#server));
  }

  get server(): ServerProcess {
    return this.#server;
  }

  /** Processes that are there, running or stopped. */
  get clients(): readonly ModelClient[] {
    for (const client of this.#clients) if (!client.isAlive) this.#clients.delete(client);
    return [...this.#clients];
  }

  /** A process that was not there before. */
  spawn(): void {
    if (this.clients.length >= CLIENTS_MAX) return;
    this.#named += 1;
    const { clock, random, checker, writeTrace } = this;
    const probe =
      writeTrace === undefined ? checker : new TraceRecorder(checker, line => writeTrace(clock.nowMs, line));
    const reach = new Reach(clock, random, () => () => this.#server);
    const client = new ModelClient(`p${this.#named}`, {
      clock,
      random,
      reach,
      probe,
      profile: pickClientProfile(random),
    });
    this.#clients.add(client);
    client.connect();
  }

  /** SIGKILL, and a new server in its place: with the order that a mirror kept, or with none. */
  restartServer(order: 'kept' | 'lost'): void {
    const { epochLast, orders } = this.#server.restartState();
    this.#server.kill();
    if (order === 'lost') this.checker.orderLost();
    this.#server = this.#begin(order === 'kept' ? { epochLast, orders } : nothingKept);
  }

  /** SIGTERM: R-BYE-2. What it leaves in the mirror is there when the next one starts. */
  drainServer(): void {
    if (this.#server.process.state !== 'running') return;
    const draining = this.#server;
    draining.freeze();
    this.clock.after(DRAIN_MS, () => {
      if (this.#server === draining) draining.sayGoodbye();
    });
    this.clock.after(2 * DRAIN_MS, () => {
      if (this.#server === draining) this.restartServer('kept');
    });
  }

  continueServer(): void {
    if (this.#server.process.state !== 'stopped') return;
    this.checker.serverContinued(this.#server.wallMs);
    this.#server.continue();
  }

  /** No more faults: everything is mended and continued, and there is time for all that was begun to end. */
  settle(): void {
    this.continueServer();
    for (const client of this.clients) {
      client.reach.mend();
      client.reach.release('paused');
      client.continue();
    }
    this.clock.pass(SETTLE_MS);
    this.checker.settled(this.#server);
  }

  #begin({ epochLast, orders }: RestartState): ServerProcess {
    const rules = coreLimits(this.config);
    const coordinator = this.#fault.coordinator(rules, epochLast);
    this.checker.serverBegan(coordinator, this.#fault.coordinator(rules, epochLast));
    const server = new ServerProcess({
      clock: this.clock,
      random: this.random,
      config: this.config,
      coordinator,
      written: this.#fault.written,
      applied: (entry, effects) => {
        this.writeTrace?.(
          this.clock.nowMs,
          `log ${JSON.stringify(entry)} → ${effects.map(({ kind }) => kind).join(' ')}`,
        );
        this.checker.applied(entry, effects);
      },
      doubles: entry => this.random.chance(DOUBLED_SHARE) && this.checker.beginDouble(entry),
      doubled: (entry, effects) => this.checker.endDouble(entry, effects),
    });
    server.gateway.restore(orders);
    return server;
  }
}
