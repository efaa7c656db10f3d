import type { Clock } from '@rankd/server/dist/clock.js';
import { ClusterServer } from '@rankd/server/dist/cluster/cluster-server.js';
import type { ServerConfig } from '@rankd/server/dist/config.js';
import { type ClusterPlace, Gateway } from '@rankd/server/dist/gateway/gateway.js';
import type { OrderedLog } from '@rankd/server/dist/log/ordered-log.js';
import type { StreamEnvironment } from '@rankd/server/dist/redis-stream/environment.js';
import type { ServerEvent } from '@rankd/server/dist/server-event.js';
import { ProcessClock, type SeededRandom, type VirtualClock } from '@rankd/testkit';
import type { Pipes, ServerSocket } from '@rankd/testkit/in-process';
import type { Host } from '../network/network.js';
import { ServerSockets } from '../network/server-sockets.js';
import { clockOf } from '../participants/server-process.js';
import type { RedisDeployment } from '../redis/redis-deployment.js';
import { RedisLink } from '../redis/redis-link.js';
import type { RedisTampering } from '../redis/run-command.js';

/** How wrong wall clocks are, either way, ms. */
const WALL_WRONG_MS = 400;
const DRAIN_MS = 300;
/** Until a server that has said goodbye is gone. */
const FAREWELL_MS = 100;

export interface SimulatedServerPorts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly config: ServerConfig;
  readonly redis: RedisDeployment;
  readonly tampering: RedisTampering;
  /** What stands between a life's gateway and its log. */
  readonly logOf: (log: OrderedLog, server: string) => OrderedLog;
  /** What becomes of what is written to clients, where that is tampered with. */
  readonly written: (bytes: Buffer) => Buffer;
  readonly watch: (event: ServerEvent) => void;
  /** The process is no more. */
  readonly died: () => void;
}

/** One process that is a server of a cluster: the real one, life by life, without sockets and on a simulated Redis. */
export class SimulatedServer implements Host {
  readonly process: ProcessClock;
  readonly link: RedisLink;
  readonly cluster: ClusterServer;
  readonly #random: SeededRandom;
  readonly #died: () => void;
  readonly #ends: ServerSockets;
  #state: 'starting' | 'open' | 'leaving' = 'starting';

  constructor({ clock, random, config, redis, tampering, logOf, written, watch, died }: SimulatedServerPorts) {
    this.#random = random;
    this.#died = died;
    this.process = new ProcessClock(clock, random.below(1_000_000));
    this.#ends = new ServerSockets(this.process, written);
    this.link = new RedisLink({ clock, random, process: this.process, redis, tampering });
    const createGateway = (log: OrderedLog, shared: Clock, place: ClusterPlace): Gateway =>
      new Gateway({
        config,
        clock: shared,
        log: logOf(log, place.server),
        randomBytes: size => random.bytes(size),
        // What tells clients, and so the checker, in which life of which server they are.
        serverName: place.server,
        place,
        watch: () => undefined,
        overhear: () => undefined,
        publish: () => undefined,
        unpublish: () => undefined,
        publishSeat: () => undefined,
      });
    this.cluster = new ClusterServer(config, {
      clock: clockOf(this.process, clock, random.between(-WALL_WRONG_MS, WALL_WRONG_MS)),
      environment: this.#environment(),
      hostName: 'simulated',
      watch,
      createGateway,
      recordWriteSeconds: () => undefined,
      epochLast: 0,
    });
    void this.cluster.start().then(() => {
      if (this.#state === 'starting') this.#state = 'open';
    });
  }

  /** Its present life, where it stands in the order. */
  get life(): string | undefined {
    const { state, server } = this.cluster.readiness;
    return state === 'current' ? server : undefined;
  }

  accept(pipes: Pipes): ServerSocket | undefined {
    const { gateway } = this.cluster;
    return this.#state === 'starting' || gateway === undefined ? undefined : this.#ends.open(pipes, gateway);
  }

  /** SIGSTOP: its kernel still takes what comes. */
  stop(): void {
    this.process.stop();
    this.#ends.stop();
    this.link.delay('stopped');
  }

  continue(): void {
    this.process.continue();
    this.#ends.continue();
    this.link.hasten('stopped');
  }

  /** SIGKILL. What it has written to Redis may arrive. */
  kill(): void {
    this.#died();
    this.process.kill();
    this.#ends.die();
  }

  /** SIGTERM: R-BYE-2, one of several. */
  async drain(): Promise<void> {
    const { gateway } = this.cluster;
    if (this.#state !== 'open' || gateway === undefined || this.process.state !== 'running') return;
    this.#state = 'leaving';
    await gateway.shutdown.drain(DRAIN_MS);
    await this.cluster.leave();
    gateway.shutdown.sayGoodbye(FAREWELL_MS);
    this.process.after(FAREWELL_MS, () => {
      void this.cluster.close();
      this.kill();
    });
  }

  #environment(): StreamEnvironment {
    return {
      // It is as much of it as the streams use; a test holds what it does equal to a real Redis.
      createConnection: () => this.link.connection() as unknown as ReturnType<StreamEnvironment['createConnection']>,
      randomBytes: size => this.#random.bytes(size),
      randomFraction: () => this.#random.fraction(),
      // Nobody looks at how a snapshot is packed, and threads have no place in one order of things.
      deflate: bytes => Promise.resolve(bytes),
      inflate: bytes => Promise.resolve(bytes),
    };
  }
}
