import { STALE_MS } from '@rankd/server/dist/cluster/cluster-log.js';
import type { ServerConfig } from '@rankd/server/dist/config.js';
import type { ServerEvent } from '@rankd/server/dist/server-event.js';
import { SeededRandom, VirtualClock } from '@rankd/testkit';
import { Administrator } from '../participants/administrator.js';
import { pickClientProfile } from '../participants/client-profile.js';
import { ModelClient } from '../participants/model-client.js';
import { Reach, type Host } from '../network/network.js';
import { TraceRecorder } from '../trace-recorder.js';
import { RedisDeployment } from '../redis/redis-deployment.js';
import type { WriteTrace } from '../world.js';
import { ClusterChecker } from './cluster-checker.js';
import { soundCluster, type ClusterFault } from './cluster-faults.js';
import { SimulatedServer } from './simulated-server.js';
import { clusterSettingsFor, groupKeys } from './cluster-settings.js';
import { History } from './history.js';
import { WatchedLog } from './watched-log.js';

/** How many processes that are members live at once. */
export const CLIENTS_MAX = 6;
/** Until servers that are told to begin have begun. */
const BEGIN_MS = 500;
/** I11: longer than it takes to find out that a server is lost, to take its place, and every grace and deadline after that. */
const SETTLE_MS = 24_000;
/** Longer than a server takes that is told to go. */
const LEAVE_MS = 3000;
/** How often it is looked whether everything has ended, and how long it passes between. */
const LOOKS = 20;
const LOOK_MS = 37;
/** From the loss of a primary until every server looks at the next one. */
const NOTICE_MS = 2000;

export interface ClusterWorldOptions {
  readonly fault?: ClusterFault | undefined;
  readonly writeTrace?: WriteTrace | undefined;
}

/** One seed's world: servers on one Redis, their clients, what lies between all of them, and the checker that sees it. */
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
  #named = 0;
  #worked = 0;

  constructor(seed: number, { fault = soundCluster, writeTrace }: ClusterWorldOptions = {}) {
    this.writeTrace = writeTrace;
    this.random = new SeededRandom(seed);
    this.config = fault.config(clusterSettingsFor(seed, this.random));
    this.#fault = fault;
    const nowMs = (): number => this.clock.nowMs;
    this.checker = new ClusterChecker(this.#clients, nowMs, this.config);
    const keys = groupKeys(this.config);
    this.history = new History(keys.log, this.config.RANKD_LOG_ACK === 'replicated', () => this.#lost());
    this.redis = new RedisDeployment(this.clock, keys, this.history);
    const count = this.random.between(2, 3);
    for (let index = 0; index < count; index += 1) this.#servers.push(this.#begin(index));
    this.administrator = new Administrator(new Reach(this.clock, this.random, () => this.#choose()));
  }

  /** By place; who is dead stands there until another is begun in its place. */
  get servers(): readonly SimulatedServer[] {
    return this.#servers;
  }

  /** Processes that are there, running or stopped. */
  get clients(): readonly ModelClient[] {
    for (const client of this.#clients) if (!client.isAlive) this.#clients.delete(client);
    return [...this.#clients];
  }

  /** What a command is to be told apart by from all others. */
  nextWork(): string {
    this.#worked += 1;
    return `work ${this.#worked}`;
  }

  /** Lets time pass, and after each thing that happens everything that was waited for come to those who wait. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs + ms;
    while (this.clock.next(untilMs)) await new Promise(setImmediate);
    this.clock.pass(untilMs - this.clock.nowMs);
    this.checker.look();
  }

  async begin(): Promise<void> {
    await this.pass(BEGIN_MS);
    this.redis.secure();
  }

  /** A process that was not there before. */
  spawn(): void {
    if (this.clients.length >= CLIENTS_MAX) return;
    this.#named += 1;
    const { clock, random, checker, writeTrace } = this;
    const probe =
      writeTrace === undefined ? checker : new TraceRecorder(checker, line => writeTrace(clock.nowMs, line));
    const reach = new Reach(clock, random, () => this.#choose());
    // What the order says to a command comes later than what the server says by itself to one with the same id.
    const profile = { ...pickClientProfile(random), ids: 'fresh' } as const;
    const client = new ModelClient(`p${this.#named}`, { clock, random, reach, probe, profile });
    this.#clients.add(client);
    client.connect();
  }

  /** Where there is none any more. */
  replaceServer(index: number): void {
    if (this.#servers[index]?.process.state === 'dead') this.#servers[index] = this.#begin(index);
  }

  /** No more faults: everything is mended, begun and continued, and there is time for all that was begun to end. */
  async settle(): Promise<void> {
    this.redis.primary.releaseReplication();
    for (const [index, server] of this.#servers.entries()) {
      server.link.mend();
      server.continue();
      this.replaceServer(index);
    }
    for (const client of this.clients) {
      client.reach.mend();
      client.reach.release('paused');
      client.continue();
    }
    await this.pass(LEAVE_MS);
    // Who was told to go meanwhile is gone by now.
    for (const index of this.#servers.keys()) this.replaceServer(index);
    await this.pass(SETTLE_MS);
    await this.#untilSettled();
  }

  /** Clients that find no place come again and again: what they ask for may be on its way at any moment, but not at all of them. */
  async #untilSettled(): Promise<void> {
    for (let left = LOOKS; ; left -= 1) {
      try {
        this.checker.settled(this.#servers, this.history);
        return;
      } catch (error) {
        if (left === 0) throw error;
      }
      await this.pass(LOOK_MS);
    }
  }

  /** Any: a client that finds nobody there, or is sent away, comes to another one the next time or the time after. */
  #choose(): () => Host {
    const index = this.random.below(this.#servers.length);
    return () => {
      const server = this.#servers[index];
      if (server === undefined) throw new Error('a cluster has servers');
      return server;
    };
  }

  #lost(): void {
    this.checker.orderLost(this.clock.nowMs + NOTICE_MS + STALE_MS + this.config.RANKD_SUSPEND_MS);
  }

  #begin(index: number): SimulatedServer {
    return new SimulatedServer({
      clock: this.clock,
      random: this.random,
      config: this.config,
      redis: this.redis,
      tampering: this.#fault.redis(),
      logOf: (log, server) => {
        const probe = this.checker.lifeBegins(server, log.groups, this.history);
        return new WatchedLog(this.#fault.log(log, index), this.#told(probe, index));
      },
      written: this.#fault.written,
      died: () => this.checker.serverDied(),
      watch: event => this.#note(`server ${index}: ${JSON.stringify(event)}`, event),
    });
  }

  #told(probe: ReturnType<ClusterChecker['lifeBegins']>, index: number): typeof probe {
    if (this.writeTrace === undefined) return probe;
    return {
      proposes: entry => {
        this.writeTrace?.(this.clock.nowMs, `server ${index} proposes ${JSON.stringify(entry)}`);
        probe.proposes(entry);
      },
      reached: () => probe.reached(),
      left: () => {
        this.writeTrace?.(this.clock.nowMs, `server ${index} follows the group no more`);
        probe.left();
      },
      applied: (entry, effects, origin) => {
        const kinds = effects.map(({ kind }) => kind).join(' ');
        this.writeTrace?.(this.clock.nowMs, `server ${index} applies ${JSON.stringify(entry)} → ${kinds}`);
        probe.applied(entry, effects, origin);
      },
    };
  }

  #note(line: string, { event }: ServerEvent): void {
    if (event !== 'log.warning') this.writeTrace?.(this.clock.nowMs, line);
  }
}
