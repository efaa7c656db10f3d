/** The simulated world of a single server. */

import type { ServerConfig } from 'rankd/dist/config.js';
import { coreLimits } from 'rankd/dist/core-limits.js';
import { SeededRandom, VirtualClock } from '@rankd/testkit';
import { SingleServerChecker } from './checks/single-server-checker.js';
import { NetworkPath } from './network/network.js';
import { Administrator } from './participants/administrator.js';
import { pickClientProfile } from './participants/client-profile.js';
import { ModelClient } from './participants/model-client.js';
import { type RestartState, SingleServerProcess } from './participants/single-server-process.js';
import { WallClock } from './participants/wall-clock.js';
import { noBugs, type PlantedBug } from './planted-bugs.js';
import { pickSettings } from './settings.js';
import { TraceRecorder } from './trace-recorder.js';

/** The limit of clients that run at once. */
export const CLIENTS_MAX = 8;
/** The share of entries that are applied twice (I8). */
const DOUBLED_SHARE = 0.02;
/** The time for open commands to end, ms. Clients then have the same time to receive `bye`. */
const DRAIN_MS = 100;
/** How long to wait for the final state (I11), ms: longer than all grace periods, deadlines and timeouts of the settings together. */
const SETTLE_MS = 3000;

/** Writes one line of the trace of a seed. */
export type WriteTrace = (atMs: number, line: string) => void;

/** The planted fault and the trace of a simulation. Both are optional. */
export interface WorldOptions {
  readonly fault?: PlantedBug | undefined;
  readonly writeTrace?: WriteTrace | undefined;
}

const emptyRestartState: RestartState = { epochLast: 0, orders: new Map() };

/** The simulated world of one seed: a server, its clients, the network between them, and the checker. */
export class World {
  readonly writeTrace: WriteTrace | undefined;
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly config: ServerConfig;
  readonly checker: SingleServerChecker;
  readonly administrator: Administrator;
  readonly #fault: PlantedBug;
  readonly #wall: WallClock;
  /** A separate generator, so that the faults of clocks do not change the other events of a seed. */
  readonly #clockRandom: SeededRandom;
  readonly #clients = new Set<ModelClient>();
  #server: SingleServerProcess;
  readonly #seed: number;
  #spawnedCount = 0;

  constructor(seed: number, { fault = noBugs, writeTrace }: WorldOptions = {}) {
    this.writeTrace = writeTrace;
    this.#seed = seed;
    this.random = new SeededRandom(seed);
    this.config = pickSettings(this.random);
    this.#fault = fault;
    this.#wall = new WallClock(this.clock);
    this.#clockRandom = new SeededRandom(seed);
    this.checker = new SingleServerChecker(this.config, this.#clients, () => this.clock.nowMs);
    this.#server = this.#startServer(emptyRestartState);
    this.administrator = new Administrator(new NetworkPath(this.clock, this.random, () => () => this.#server));
  }

  /** The current server. */
  get server(): SingleServerProcess {
    return this.#server;
  }

  /** The clients whose process runs or is stopped. */
  get clients(): readonly ModelClient[] {
    for (const client of this.#clients) if (!client.isAlive) this.#clients.delete(client);
    return [...this.#clients];
  }

  /** Starts a new client, unless the limit is reached. */
  spawnClient(): void {
    if (this.clients.length >= CLIENTS_MAX) return;
    this.#spawnedCount += 1;
    const { clock, random, checker, writeTrace } = this;
    const probe =
      writeTrace === undefined ? checker : new TraceRecorder(checker, line => writeTrace(clock.nowMs, line));
    const network = new NetworkPath(clock, random, () => () => this.#server);
    const client = new ModelClient(`p${this.#spawnedCount}`, {
      clock,
      random,
      network,
      probe,
      profile: pickClientProfile(this.#seed, random),
    });
    this.#clients.add(client);
    client.connect();
  }

  /** Kills the server and starts another one, with the order from the mirror (`kept`) or without it (`lost`). */
  restartServer(order: 'kept' | 'lost'): void {
    const { epochLast, orders } = this.#server.readRestartState();
    this.#server.kill();
    if (order === 'lost') {
      this.checker.recordOrderLost();
      this.#wall.makeSteady();
    }
    this.#server = this.#startServer(order === 'kept' ? { epochLast, orders } : emptyRestartState);
  }

  /** Acts as SIGTERM: drains the server (R-BYE-2) and starts another one with the order from the mirror. */
  drainServer(): void {
    if (this.#server.process.state !== 'running') return;
    const draining = this.#server;
    draining.startDrain();
    this.clock.after(DRAIN_MS, () => {
      if (this.#server === draining) draining.endSessions();
    });
    this.clock.after(2 * DRAIN_MS, () => {
      if (this.#server === draining) this.restartServer('kept');
    });
  }

  /** Acts as SIGCONT: continues a stopped server. */
  continueServer(): void {
    if (this.#server.process.state !== 'stopped') return;
    this.checker.recordServerContinued();
    this.#server.continue();
  }

  /** Sometimes sets the clock of the server's machine, forwards or back. */
  disturbClock(): void {
    this.#wall.disturb(this.#clockRandom);
  }

  /** Ends all faults, continues all processes, waits until everything has ended, and checks the end state (I11). */
  settle(): void {
    this.continueServer();
    for (const client of this.clients) {
      client.network.repair();
      client.network.release('paused');
      client.continue();
    }
    this.clock.pass(SETTLE_MS);
    this.checker.checkSettled(this.#server);
  }

  #startServer({ epochLast, orders }: RestartState): SingleServerProcess {
    const rules = coreLimits(this.config);
    const coordinator = this.#fault.createCoordinator(rules, epochLast);
    this.checker.attachServer(coordinator, this.#fault.createCoordinator(rules, epochLast));
    const server = new SingleServerProcess({
      clock: this.clock,
      wall: this.#wall,
      random: this.random,
      config: this.config,
      coordinator,
      tamperBytes: this.#fault.tamperBytes,
      onApplied: (entry, effects) => {
        this.writeTrace?.(
          this.clock.nowMs,
          `log ${JSON.stringify(entry)} → ${effects.map(({ kind }) => kind).join(' ')}`,
        );
        this.checker.recordApplied(entry, effects);
      },
      shouldDouble: entry => this.random.chance(DOUBLED_SHARE) && this.checker.startDouble(entry),
      onDoubled: (entry, effects) => this.checker.checkDouble(entry, effects),
    });
    server.gateway.restore(orders);
    return server;
  }
}
