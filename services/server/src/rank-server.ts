/** The composition root: it creates the parts of a server and connects them. */

import { X509Certificate } from 'node:crypto';
import { createLogger, type Logger, readTlsFiles } from '@rankd/startup';
import { parseHosts } from '@rankd/startup/http/request-host';
import type { Clock, Timer } from './clock.js';
import type { ClusterServer } from './cluster/cluster-server.js';
import { DEVELOPMENT_ADMIN_TOKEN, type ServerConfig } from './config.js';
import type { Group, RosterChangedEffect } from './core/index.js';
import { Gateway } from './gateway/gateway.js';
import type { GatewayRole } from './gateway/gateway-role.js';
import type { Connection, ConnectionListener } from './gateway/transport/connection.js';
import { TcpListener } from './gateway/transport/tcp-listener.js';
import { type Transport, transportFor } from './gateway/transport/transport.js';
import type { OrderedLog } from './log/ordered-log.js';
import type { RedisMirror } from './mirror/redis-mirror.js';
import { mirrorSettings, restoreWindowMs } from './mirror/settings.js';
import { EventRecorder } from './observability/event-recorder.js';
import type { Readiness } from './observability/group-queries.js';
import { HttpServer } from './observability/http/http-server.js';
import { type QuerySources, ServerQueries } from './observability/server-queries.js';
import { reachableUrl } from './reachable-url.js';
import type { ServerEnvironment } from './server-environment.js';
import { StandaloneServer } from './standalone-server.js';
import { openStateDirectory } from './state-directory/state-directory.js';

/**
 * How long the server waits for Redis before it listens. If Redis was not read in that time, the server refuses hellos until it is (R-VIEW-6).
 */
const RESTORE_WAIT_MS = 1000;
/** How long the connections of members may take to close. The last write to the mirror may then take the same time. */
const SHUTDOWN_WAIT_MS = 1000;

/** The port for members and its transport, once the server listens. */
interface Running {
  readonly transport: Transport;
  readonly listener: TcpListener;
  /** The URL by which clients reach this server. */
  readonly address: string;
}

/** A whole server: it starts, drains and stops. */
export class RankServer {
  /** The log. Its lines go to the sink of the environment. */
  readonly logger: Logger;
  readonly #config: ServerConfig;
  readonly #environment: ServerEnvironment;
  readonly #mirror: RedisMirror | undefined;
  readonly #queries: ServerQueries;
  readonly #recorder: EventRecorder;
  readonly #http: HttpServer;
  /** The part that creates gateways: the standalone or the cluster server. Its present gateway accepts connections. */
  #gatewayOwner: { readonly gateway: Gateway | undefined } | undefined;
  #cluster: ClusterServer | undefined;
  #standalone: StandaloneServer | undefined;
  #running: Running | undefined;
  #sampling: Timer | undefined;
  #state: Readiness['state'] = 'starting';

  private constructor(config: ServerConfig, environment: ServerEnvironment, mirrorClass?: typeof RedisMirror) {
    const { clock, logSink, pageDirectory } = environment;
    this.logger = createLogger(config, logSink);
    this.#config = config;
    this.#environment = environment;
    this.#mirror = mirrorClass === undefined ? undefined : this.#createMirror(mirrorClass);
    const queries = new ServerQueries({
      membersMax: config.RANKD_MEMBERS_MAX,
      logSink,
      mirror: this.#mirror,
      state: () => this.#state,
      refusal: () => this.#standalone?.refusal,
      gateway: () => this.#gatewayReadings(),
      cluster: () => this.#cluster,
    });
    this.#queries = queries;
    const recorder = new EventRecorder(config, clock, this.logger, queries);
    this.#recorder = recorder;
    this.#http = new HttpServer({
      queries,
      metrics: recorder.metrics,
      streams: recorder.streams,
      activity: recorder.activity,
      pageDirectory,
      token: config.RANKD_HTTP_TOKEN,
      hosts: parseHosts(config.RANKD_HTTP_HOSTS),
      connectionsMax: config.RANKD_HTTP_CONNECTIONS_MAX,
      clock,
      watch: event => this.#recorder.record(event),
    });
  }

  /**
   * Creates a server that does not listen yet. Loads the code for Redis only if RANKD_REDIS_URL is set, because it is a third of all
   * code.
   */
  static async prepare(config: ServerConfig, environment: ServerEnvironment): Promise<RankServer> {
    if (config.RANKD_REDIS_URL === undefined) return new RankServer(config, environment);
    const { RedisMirror: mirrorClass } = await import('./mirror/redis-mirror.js');
    return new RankServer(config, environment, mirrorClass);
  }

  /**
   * Starts the server. Resolves when it accepts members and serves the side port.
   * @throws Error if a port is not available; StreamError if the Redis of a cluster does not meet the requirements.
   */
  async start(): Promise<void> {
    const { RANKD_HOST: host, RANKD_HTTP_HOST: httpHost } = this.#config;
    this.#mirror?.start();
    const httpPort = await this.#http.listen(httpHost, this.#config.RANKD_HTTP_PORT);
    this.#sampling = this.#recorder.startSampling();
    await this.#openGateway();
    if (this.#gatewayOwner?.gateway === undefined || this.#state !== 'starting') return;
    const transport = transportFor(readTlsFiles(this.#config), connection => this.accept(connection));
    const listener = new TcpListener(transport.server);
    const port = await listener.listen(host, this.#config.RANKD_PORT);
    const advertised = this.#config.RANKD_ADVERTISED_URL;
    const address = advertised ?? reachableUrl({ host, port, transport: transport.kind });
    this.#running = { transport, listener, address };
    this.#state = 'accepting';
    if (this.#config.RANKD_ADMIN_TOKEN === DEVELOPMENT_ADMIN_TOKEN)
      this.#recorder.record({ event: 'development-token' });
    this.#recorder.record({ event: 'listening', address: host, port, httpPort, transport: transport.kind });
    // Open it only after listen() has succeeded: a server that cannot listen must not replace the mirror of the server that listens. No
    // client has connected yet, because nothing is awaited after listen().
    this.#standalone?.open();
  }

  /**
   * Accepts a connection of the listener, or one that a test has created in memory. Returns the listener of its events.
   * @throws Error before start() has resolved.
   */
  accept(connection: Connection): ConnectionListener {
    const gateway = this.#gatewayOwner?.gateway;
    if (gateway === undefined) throw new Error('the server accepts no connections before it has started');
    return gateway.accept(connection);
  }

  /** Reads the certificates again, for later connections. If they cannot be used, the present ones stay in use. */
  renewCertificates(): void {
    const transport = this.#running?.transport;
    if (transport === undefined || transport.kind === 'tcp') return;
    try {
      const files = readTlsFiles(this.#config);
      transport.renew(files);
      this.#recorder.record({ event: 'certificates.renewed', validTo: new X509Certificate(files.cert ?? '').validTo });
    } catch (error) {
      this.#recorder.record({ event: 'certificates.unusable', reason: (error as Error).message });
    }
  }

  /**
   * Stops the server (R-BYE-2). It freezes the order, waits for open commands to end, leaves the cluster and ends all sessions. Then it
   * writes the last view to the mirror.
   */
  async stop(signal: string): Promise<void> {
    const { clock } = this.#environment;
    const startedMs = clock.monotonicMs();
    this.#state = 'draining';
    this.#standalone?.stop();
    const gateway = this.#gatewayOwner?.gateway;
    if (this.#running !== undefined && gateway !== undefined) {
      this.#recorder.record({ event: 'draining', signal, members: this.#queries.members });
      await gateway.shutdown.drain(this.#config.RANKD_DRAIN_MS);
      await this.#cluster?.leave();
      gateway.shutdown.endSessions(this.#config.RANKD_REFORM_MS / 2);
    }
    await this.#running?.listener.close(SHUTDOWN_WAIT_MS);
    await this.#cluster?.close();
    await this.#mirror?.close(SHUTDOWN_WAIT_MS);
    this.#sampling?.cancel();
    await this.#http.close();
    this.#recorder.record({ event: 'stopped', ms: Math.round(clock.monotonicMs() - startedMs) });
  }

  /** Creates the gateway. Creates none in a cluster if the server was stopped before. */
  async #openGateway(): Promise<void> {
    const { clock, hostName, randomBytes, fraction } = this.#environment;
    if (this.#config.RANKD_MODE === 'standalone') {
      this.#standalone = new StandaloneServer({
        config: this.#config,
        mirror: this.#mirror,
        createGateway: (log, isClosedTo) => this.#createGateway(log, clock, { isClosedTo }),
      });
      this.#gatewayOwner = this.#standalone;
      await this.#standalone.prepare(RESTORE_WAIT_MS);
      return;
    }
    const restored = await this.#mirror?.readRestoredOrder(restoreWindowMs(this.#config));
    const epochLast = restored?.epochLast ?? 0;
    const { ClusterServer: clusterClass } = await import('./cluster/cluster-server.js');
    const { systemStreamEnvironment } = await import('./redis-stream/environment.js');
    const settings = { config: this.#config, hostName, address: () => this.#running?.address, epochLast };
    const cluster = new clusterClass(settings, {
      clock,
      environment: { ...systemStreamEnvironment, randomBytes, randomFraction: fraction },
      watch: event => this.#recorder.record(event),
      recordWriteSeconds: seconds => this.#recorder.metrics.recordLogWrite(seconds),
      createGateway: (log, shared, role) => this.#createGateway(log, shared, role),
      servedState: openStateDirectory(this.#config),
    });
    this.#cluster = cluster;
    this.#gatewayOwner = cluster;
    await cluster.start();
  }

  #createGateway(
    log: OrderedLog,
    clock: Clock,
    ports: GatewayRole & { readonly isClosedTo?: (group: string) => boolean },
  ): Gateway {
    return new Gateway({
      config: this.#config,
      clock,
      log,
      randomBytes: this.#environment.randomBytes,
      serverName: this.#environment.hostName,
      ...ports,
      watch: event => this.#recorder.record(event),
      overhear: event => this.#recorder.publishCommand(event),
      publish: (group, change) => this.#publishChange(group, change),
      unpublish: group => this.#mirror?.dropGroup(group),
      publishSeat: (group, member) => this.#mirror?.publishSeat(group, member),
    });
  }

  #publishChange(group: Group, change: RosterChangedEffect): void {
    this.#mirror?.publishChange(group, change);
    this.#recorder.publishChange(group, change);
  }

  #createMirror(mirrorClass: typeof RedisMirror): RedisMirror | undefined {
    const settings = mirrorSettings(this.#config, this.#environment);
    if (settings === undefined) return undefined;
    return new mirrorClass(settings, {
      clock: this.#environment.clock,
      watch: event => this.#recorder.record(event),
      recordWrite: (result, seconds) => this.#recorder.metrics.recordMirrorWrite(result, seconds),
    });
  }

  /** Returns the part of the present gateway that the queries read. */
  #gatewayReadings(): ReturnType<QuerySources['gateway']> {
    const gateway = this.#gatewayOwner?.gateway;
    if (gateway === undefined) return undefined;
    return {
      groups: gateway.log.groups,
      observers: gateway.channels.observerCount,
      sessions: gateway.sessionCount,
      backlogBytesLargest: () => gateway.backlogBytesLargest,
      ...gateway.traffic,
    };
  }
}
