/** A simulated server process of a cluster. */

import type { Clock } from 'rankd/dist/clock.js';
import { ClusterServer } from 'rankd/dist/cluster/cluster-server.js';
import type { ServedState, ServedStateStore } from 'rankd/dist/cluster/founding/served-state.js';
import type { LogFormats } from 'rankd/dist/cluster/formats/log-format.js';
import type { ServerConfig } from 'rankd/dist/config.js';
import { Gateway } from 'rankd/dist/gateway/gateway.js';
import type { GatewayRole } from 'rankd/dist/gateway/gateway-role.js';
import type { OrderedLog } from 'rankd/dist/log/ordered-log.js';
import type { StreamEnvironment } from 'rankd/dist/redis-stream/environment.js';
import type { ServerEvent } from 'rankd/dist/server-event.js';
import { ProcessClock, type SeededRandom, type VirtualClock } from '@rankd/testkit';
import type { Pipes, ServerSocket } from '@rankd/testkit/in-process';
import type { Host } from '../network/network.js';
import { ServerSockets } from '../network/server-sockets.js';
import { createServerClock } from '../participants/single-server-process.js';
import { WallClock } from '../participants/wall-clock.js';
import type { RedisDeployment } from '../redis/redis-deployment.js';
import { RedisLink } from '../redis/redis-link.js';
import type { RedisTampering } from '../redis/run-command.js';

/** The largest error of the wall clock of a server that starts, in both directions, ms. */
const WALL_WRONG_MS = 400;
const DRAIN_MS = 300;
/** The time from a server's `server-left` entry to its process exit, ms. Its sessions get `bye` with a `retryAfterMs` up to this. */
const EXIT_DELAY_MS = 100;
/** The longest time that a server takes to write the file that it keeps over restarts, ms. */
const STATE_WRITE_MS = 100;
/** The longest time that a server takes to compress or decompress a snapshot, ms. */
const COMPRESSION_MS = 20;

/** The functions and values that a SimulatedServer gets from its world. */
export interface SimulatedServerPorts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly config: ServerConfig;
  /** The formats that the server reads. */
  readonly formats: LogFormats;
  readonly redis: RedisDeployment;
  readonly tampering: RedisTampering;
  /** Wraps the log of an incarnation, before the gateway uses it. */
  readonly wrapLog: (log: OrderedLog, server: string) => OrderedLog;
  /** Changes the bytes that the server writes to clients, if a fault is planted. */
  readonly tamperBytes: (bytes: Buffer) => Buffer;
  readonly watch: (event: ServerEvent) => void;
  /** What the server keeps over its restarts. */
  readonly state: SimulatedState;
  /** Called when the process dies. */
  readonly onDeath: () => void;
}

/** A file that outlives a server process. */
export class SimulatedState {
  #state: ServedState | undefined;

  /** Opens the file for a server process. A write takes up to STATE_WRITE_MS. It is lost if the process ends before that. */
  openFor(process: ProcessClock, random: SeededRandom): ServedStateStore {
    return {
      read: () => this.#state,
      write: async state => {
        await new Promise<void>(resolve => void process.after(random.below(STATE_WRITE_MS), resolve));
        this.#state = state;
      },
    };
  }
}

/** A server process of a cluster: the real ClusterServer with simulated sockets and a simulated Redis. */
export class SimulatedServer implements Host {
  readonly process: ProcessClock;
  /** The clock of its machine. */
  readonly wall: WallClock;
  readonly link: RedisLink;
  readonly cluster: ClusterServer;
  readonly formats: LogFormats;
  readonly #random: SeededRandom;
  readonly #onDeath: () => void;
  readonly #sockets: ServerSockets;
  #state: 'starting' | 'open' | 'leaving' = 'starting';

  constructor(ports: SimulatedServerPorts) {
    const { clock, random, config, formats, redis, tampering, wrapLog, tamperBytes, watch, onDeath, state } = ports;
    this.#random = random;
    this.formats = formats;
    this.#onDeath = onDeath;
    this.process = new ProcessClock(clock, random.below(1_000_000));
    this.wall = new WallClock(clock, random.between(-WALL_WRONG_MS, WALL_WRONG_MS));
    this.#sockets = new ServerSockets(this.process, tamperBytes);
    this.link = new RedisLink({ clock, random, process: this.process, redis, tampering });
    const createGateway = (log: OrderedLog, shared: Clock, { place }: GatewayRole): Gateway =>
      new Gateway({
        config,
        clock: shared,
        log: place === undefined ? log : wrapLog(log, place.server),
        randomBytes: size => random.bytes(size),
        // The welcome contains this name, so the checker knows which incarnation a client is connected to.
        serverName: place?.server ?? 'waiting',
        ...(place === undefined ? {} : { place }),
        watch: () => undefined,
        overhear: () => undefined,
        publish: () => undefined,
        unpublish: () => undefined,
        publishSeat: () => undefined,
      });
    const settings = { config, hostName: 'simulated', epochLast: 0, formats };
    this.cluster = new ClusterServer(settings, {
      clock: createServerClock(this.process, this.wall),
      environment: this.#createEnvironment(),
      watch,
      createGateway,
      servedState: state.openFor(this.process, random),
      recordWriteSeconds: () => undefined,
    });
    void this.cluster.start().then(() => {
      if (this.#state === 'starting') this.#state = 'open';
    });
  }

  /** The id of its newest incarnation, if that incarnation has joined the cluster and its log is current. */
  get incarnation(): string | undefined {
    const { state, server } = this.cluster.readiness;
    return state === 'current' ? server : undefined;
  }

  accept(pipes: Pipes): ServerSocket | undefined {
    const { gateway } = this.cluster;
    return this.#state === 'starting' || gateway === undefined ? undefined : this.#sockets.openSocket(pipes, gateway);
  }

  /** Acts as SIGSTOP. The kernel of its machine still receives data. */
  stop(): void {
    this.process.stop();
    this.#sockets.stopAll();
    this.link.holdAnswers('stopped');
  }

  continue(): void {
    this.process.continue();
    this.#sockets.continueAll();
    this.link.releaseAnswers('stopped');
  }

  /** Acts as SIGKILL. Data that it has written to Redis may still arrive. */
  kill(): void {
    this.#onDeath();
    this.process.kill();
    this.#sockets.abortAll();
  }

  /** Acts as SIGTERM: drains, leaves the cluster and exits (R-BYE-2). */
  async drain(): Promise<void> {
    const { gateway } = this.cluster;
    if (this.#state !== 'open' || gateway === undefined || this.process.state !== 'running') return;
    this.#state = 'leaving';
    await gateway.shutdown.drain(DRAIN_MS);
    await this.cluster.leave();
    gateway.shutdown.endSessions(EXIT_DELAY_MS);
    this.process.after(EXIT_DELAY_MS, () => {
      void this.cluster.close();
      this.kill();
    });
  }

  #createEnvironment(): StreamEnvironment {
    return {
      // It implements the commands that the streams use. A test compares its scripts with a real Redis.
      createConnection: () =>
        this.link.createConnection() as unknown as ReturnType<StreamEnvironment['createConnection']>,
      randomBytes: size => this.#random.bytes(size),
      randomFraction: () => this.#random.fraction(),
      // Compression is off, because zlib runs in threads, which would make the order of events random. It only takes time.
      deflate: async bytes => await this.#afterCompression(bytes),
      inflate: async bytes => await this.#afterCompression(bytes),
    };
  }

  async #afterCompression(bytes: Buffer): Promise<Buffer> {
    await new Promise<void>(resolve => void this.process.after(this.#random.below(COMPRESSION_MS), resolve));
    return bytes;
  }
}
