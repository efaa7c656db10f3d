/** The simulated world of a cluster. */

import { STALE_MS } from 'rankd/dist/cluster/cluster-log.js';
import type { ServerConfig } from 'rankd/dist/config.js';
import type { ServerEvent } from 'rankd/dist/server-event.js';
import { SeededRandom, VirtualClock } from '@rankd/testkit';
import { Administrator } from '../participants/administrator.js';
import { pickClientProfile } from '../participants/client-profile.js';
import { ModelClient } from '../participants/model-client.js';
import { NetworkPath, type Host } from '../network/network.js';
import { TraceRecorder } from '../trace-recorder.js';
import { RedisDeployment } from '../redis/redis-deployment.js';
import type { WriteTrace } from '../world.js';
import { ClusterChecker } from './cluster-checker.js';
import { noClusterFault, type ClusterFault } from './cluster-faults.js';
import { SimulatedServer, SimulatedState } from './simulated-server.js';
import { pickClusterSettings, groupShardKeys } from './cluster-settings.js';
import { History } from './history.js';
import { ProbedLog } from './probed-log.js';
import { ServerVersions } from './server-versions.js';

/** The limit of clients that run at once. */
export const CLIENTS_MAX = 6;
/** How long the servers usually take to start, ms, and how many times the world waits for that long. */
const START_MS = 500;
const STARTS_MAX = 20;
/**
 * How long to wait for the final state (I11), ms: longer than detecting a lost server, replacing it, and every grace period and
 * deadline after that.
 */
const SETTLE_MS = 24_000;
/** Longer than a server takes to leave, ms. */
const LEAVE_MS = 3000;
/** How many times the final state is checked at most until it is correct, and the time between two checks, ms. */
const CHECKS_MAX = 20;
const CHECK_MS = 37;
/** The time from the loss of a primary until every server has connected to the next one, ms. */
const NOTICE_MS = 2000;

/** The planted fault and the trace of a simulation. Both are optional. */
export interface ClusterWorldOptions {
  readonly fault?: ClusterFault | undefined;
  readonly writeTrace?: WriteTrace | undefined;
}

/** The simulated cluster of one seed: servers, their Redis, clients, the networks between them, and the checker. */
export class ClusterWorld {
  readonly writeTrace: WriteTrace | undefined;
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly config: ServerConfig;
  readonly checker: ClusterChecker;
  readonly history: History;
  readonly redis: RedisDeployment;
  readonly administrator: Administrator;
  readonly #fault: ClusterFault;
  readonly #clients = new Set<ModelClient>();
  readonly #servers: SimulatedServer[] = [];
  readonly #versions: ServerVersions;
  /** What each machine keeps over the restarts of its server. */
  readonly #states: SimulatedState[] = [];
  /** A separate generator, so that the faults of clocks do not change the other events of a seed. */
  readonly #clockRandom: SeededRandom;
  readonly #seed: number;
  #spawnedCount = 0;
  #commandCount = 0;

  constructor(seed: number, { fault = noClusterFault, writeTrace }: ClusterWorldOptions = {}) {
    this.writeTrace = writeTrace;
    this.#seed = seed;
    this.random = new SeededRandom(seed);
    this.config = fault.changeConfig(pickClusterSettings(seed, this.random));
    this.#fault = fault;
    this.#versions = new ServerVersions(seed, fault);
    this.#clockRandom = new SeededRandom(seed);
    const nowMs = (): number => this.clock.nowMs;
    this.checker = new ClusterChecker(this.#clients, nowMs, this.config);
    const keys = groupShardKeys(this.config);
    this.history = new History(keys.log, this.config.RANKD_LOG_ACK === 'replicated', readers =>
      this.checker.recordOrderLost(this.#whenLossIsKnownMs(), readers),
    );
    this.redis = new RedisDeployment(this.clock, keys, this.history);
    const count = this.random.between(2, 3);
    for (let index = 0; index < count; index += 1) this.#servers.push(this.#startServer(index));
    this.#versions.startUpgrade();
    this.administrator = new Administrator(new NetworkPath(this.clock, this.random, () => this.#chooseHost()));
  }

  /** The servers by index. A dead server stays in the list until another one replaces it. */
  get servers(): readonly SimulatedServer[] {
    return this.#servers;
  }

  /** The clients whose process runs or is stopped. */
  get clients(): readonly ModelClient[] {
    for (const client of this.#clients) if (!client.isAlive) this.#clients.delete(client);
    return [...this.#clients];
  }

  /** Returns arguments that no other command has. */
  nextCommandArgs(): string {
    this.#commandCount += 1;
    return `work ${this.#commandCount}`;
  }

  /** Advances the clock by `ms`. After each timer the event loop settles all promises. */
  async passTime(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs + ms;
    while (this.clock.next(untilMs)) await new Promise(setImmediate);
    this.clock.pass(untilMs - this.clock.nowMs);
    this.checker.assertNoViolation();
  }

  /**
   * Waits until the servers have started. Redis never loses what the servers have written until then, because no server could start again
   * without that data.
   */
  async start(): Promise<void> {
    for (let left = STARTS_MAX; left > 0; left -= 1) {
      await this.passTime(START_MS);
      if (this.#servers.every(({ incarnation }) => incarnation !== undefined)) break;
    }
    this.redis.markDurable();
  }

  /** Starts a new client, unless the limit is reached. */
  spawnClient(): void {
    if (this.clients.length >= CLIENTS_MAX) return;
    this.#spawnedCount += 1;
    const { clock, random, checker, writeTrace } = this;
    const probe =
      writeTrace === undefined ? checker : new TraceRecorder(checker, line => writeTrace(clock.nowMs, line));
    const network = new NetworkPath(clock, random, () => this.#chooseHost());
    // Each command has a new id: the server itself answers a repeated id, perhaps before the log has answered the first command.
    const profile = { ...pickClientProfile(this.#seed, random), ids: 'fresh' } as const;
    const client = new ModelClient(`p${this.#spawnedCount}`, { clock, random, network, probe, profile });
    this.#clients.add(client);
    client.connect();
  }

  /** Starts a new server in place of a dead one. */
  replaceServer(index: number): void {
    if (this.#servers[index]?.process.state === 'dead') this.#servers[index] = this.#startServer(index);
  }

  /** Starts a server on a new machine in place of a dead one. */
  replaceMachine(index: number): void {
    this.#states[index] = new SimulatedState();
    this.replaceServer(index);
  }

  /**
   * Whether Redis may lose records on which servers have acted. Servers notice some losses only by the epochs that hellos name, and format
   * 1 of the log does not contain these epochs.
   */
  get mayLoseRecords(): boolean {
    return this.config.RANKD_LOG_ACK === 'async' && !this.#versions.hasFormatOne;
  }

  /**
   * Whether proxies may close one end of a connection. False in format 1 of the log, because every close counts there as a proof that a
   * leader has stopped.
   */
  get hasProxies(): boolean {
    return !this.#versions.hasFormatOne;
  }

  /** Sometimes sets the clock of a machine, forwards or back. Format 1 of the log needs a Redis whose clock is not set. */
  disturbClocks(): void {
    for (const { wall } of this.#servers) wall.disturb(this.#clockRandom);
    if (this.#versions.areAlike) this.redis.wall.disturb(this.#clockRandom);
  }

  /** In a rolling upgrade: replaces the dead servers, and stops the next server with SIGTERM. */
  rollServer(step: number): void {
    const index = this.#versions.serverToRoll(step, this.#servers.length);
    if (index === undefined) return;
    for (const each of this.#servers.keys()) this.replaceServer(each);
    void this.#servers[index]?.drain();
  }

  /** Ends all faults, continues all processes, waits until everything has ended, and checks the end state (I11). */
  async settle(): Promise<void> {
    this.redis.primary.releaseReplication();
    for (const [index, server] of this.#servers.entries()) {
      server.link.repair();
      server.continue();
      this.replaceServer(index);
    }
    for (const client of this.clients) {
      client.network.repair();
      client.network.release('paused');
      client.continue();
    }
    this.#versions.finishUpgrade();
    for (const server of this.#servers) if (this.#versions.isOld(server.formats)) server.kill();
    await this.passTime(LEAVE_MS);
    // All servers that received SIGTERM have left.
    for (const index of this.#servers.keys()) this.replaceServer(index);
    await this.passTime(SETTLE_MS);
    await this.#waitUntilSettled();
  }

  /** Checks repeatedly, because a client without a seat keeps asking: a single check may be between its request and the answer. */
  async #waitUntilSettled(): Promise<void> {
    for (let left = CHECKS_MAX; ; left -= 1) {
      try {
        this.checker.checkSettled(this.#servers, this.history);
        return;
      } catch (error) {
        if (left === 0) throw error;
      }
      await this.passTime(CHECK_MS);
    }
  }

  /** Picks a random server. A client that is refused reaches another one after a few attempts. */
  #chooseHost(): () => Host {
    const index = this.random.below(this.#servers.length);
    return () => {
      const server = this.#servers[index];
      if (server === undefined) throw new Error('a cluster has servers');
      return server;
    };
  }

  #whenLossIsKnownMs(): number {
    return this.clock.nowMs + NOTICE_MS + STALE_MS + this.config.RANKD_SUSPEND_MS;
  }

  #startServer(index: number): SimulatedServer {
    const serverProcess = {};
    // Half of the machines keep nothing: their servers start without knowing what an earlier one has read.
    this.#states[index] = index % 2 === 0 ? (this.#states[index] ?? new SimulatedState()) : new SimulatedState();
    return new SimulatedServer({
      state: this.#states[index],
      clock: this.clock,
      random: this.random,
      config: this.config,
      formats: this.#versions.pickFormats(),
      redis: this.redis,
      tampering: this.#fault.createTampering(),
      wrapLog: (log, server) => {
        const probe = this.checker.startIncarnation(server, serverProcess, log.groups, this.history);
        return new ProbedLog(this.#fault.wrapLog(log, index), this.#traceProbe(probe, index));
      },
      tamperBytes: this.#fault.tamperBytes,
      onDeath: () => this.checker.recordServerDeath(serverProcess),
      watch: event => {
        if (event.event === 'cluster.entered') this.checker.recordEntered(serverProcess, this.#whenLossIsKnownMs());
        this.#traceEvent(`server ${index}: ${JSON.stringify(event)}`, event);
      },
    });
  }

  #traceProbe(probe: ReturnType<ClusterChecker['startIncarnation']>, index: number): typeof probe {
    if (this.writeTrace === undefined) return probe;
    return {
      recordProposal: entry => {
        this.writeTrace?.(this.clock.nowMs, `server ${index} proposes ${JSON.stringify(entry)}`);
        probe.recordProposal(entry);
      },
      recordAcquired: () => probe.recordAcquired(),
      recordUnloaded: () => {
        this.writeTrace?.(this.clock.nowMs, `server ${index} no longer follows the group`);
        probe.recordUnloaded();
      },
      recordApplied: (entry, effects, origin) => {
        const kinds = effects.map(({ kind }) => kind).join(' ');
        this.writeTrace?.(this.clock.nowMs, `server ${index} applies ${JSON.stringify(entry)} → ${kinds}`);
        probe.recordApplied(entry, effects, origin);
      },
    };
  }

  #traceEvent(line: string, { event }: ServerEvent): void {
    if (event !== 'log.warning') this.writeTrace?.(this.clock.nowMs, line);
  }
}
