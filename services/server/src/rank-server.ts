import { X509Certificate } from 'node:crypto';
import { createLogger, type Logger, readTlsFiles } from '@rankd/startup';
import { type Clock, repeat, type Timer } from './clock.js';
import type { ClusterServer } from './cluster/cluster-server.js';
import { DEVELOPMENT_ADMIN_TOKEN, type ServerConfig } from './config.js';
import type { Group, RosterChangedEffect } from './core/index.js';
import { type ClusterPlace, Gateway } from './gateway/gateway.js';
import type { Connection, ConnectionListener } from './gateway/transport/connection.js';
import { TcpListener } from './gateway/transport/tcp-listener.js';
import { type Transport, transportFor } from './gateway/transport/transport.js';
import type { OrderedLog } from './log/ordered-log.js';
import type { RedisMirror } from './mirror/redis-mirror.js';
import { ActivitySamples, SAMPLE_PERIOD_MS } from './observability/activity-samples.js';
import type { Readiness } from './observability/group-queries.js';
import { EventStreams } from './observability/http/event-streams.js';
import { HttpServer } from './observability/http/http-server.js';
import { renderGroupTable } from './observability/http/rank-table.js';
import { createEventLog } from './observability/logging/event-log.js';
import { Metrics } from './observability/metrics/metrics.js';
import { type QuerySources, ServerQueries } from './observability/server-queries.js';
import { parseRedisAddress } from './redis/redis-address.js';
import { changeRow } from './roster-rows.js';
import type { ServerEnvironment } from './server-environment.js';
import type { ServerEvent } from './server-event.js';
import { StandaloneServer } from './standalone-server.js';

/** How long the server waits for Redis before it listens. After that it listens, and refuses hellos until Redis was read (R-VIEW-6). */
const RESTORE_WAIT_MS = 1000;
/** The length in bytes of the random name of one run of a server. */
const INCARNATION_SIZE = 12;
/** What the side port and the mirror get at the end. */
const SHUTDOWN_WAIT_MS = 1000;

interface Running {
  readonly transport: Transport;
  readonly listener: TcpListener;
}

/** Joins the rooms: start, drain, stop. */
export class RankServer {
  /** Writes to the environment's log sink. */
  readonly logger: Logger;
  readonly #config: ServerConfig;
  readonly #environment: ServerEnvironment;
  readonly #eventLog: (event: ServerEvent) => void;
  readonly #mirror: RedisMirror | undefined;
  readonly #queries: ServerQueries;
  readonly #metrics: Metrics;
  readonly #streams: EventStreams;
  readonly #activity: ActivitySamples;
  readonly #http: HttpServer;
  /** Whoever takes connections now; a cluster brings another with each of its lives. */
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
    this.#eventLog = createEventLog(this.logger, clock);
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
    this.#metrics = new Metrics(queries);
    this.#streams = new EventStreams(config.RANKD_HTTP_STREAMS_MAX, clock, group => renderGroupTable(queries, group));
    const { RANKD_MEMBERS_MAX: membersMax, RANKD_WAITLIST_MAX: waitlistMax } = config;
    this.#activity = new ActivitySamples(queries, { membersMax, waitlistMax }, () => clock.wallMs());
    this.#http = new HttpServer({
      queries,
      metrics: this.#metrics,
      streams: this.#streams,
      activity: this.#activity,
      pageDirectory,
      token: config.RANKD_HTTP_TOKEN,
      connectionsMax: config.RANKD_HTTP_CONNECTIONS_MAX,
      clock,
      watch: event => this.#recordEvent(event),
    });
  }

  /** What speaks with Redis is a third of all the code that there is to load: only who has a Redis waits for it. */
  static async prepare(config: ServerConfig, environment: ServerEnvironment): Promise<RankServer> {
    if (config.RANKD_REDIS_URL === undefined) return new RankServer(config, environment);
    const { RedisMirror: mirrorClass } = await import('./mirror/redis-mirror.js');
    return new RankServer(config, environment, mirrorClass);
  }

  /** Resolves once members and the side port are served; rejects where a port cannot be had. */
  async start(): Promise<void> {
    const { RANKD_HOST: host, RANKD_HTTP_HOST: httpHost } = this.#config;
    this.#mirror?.start();
    const httpPort = await this.#http.listen(httpHost, this.#config.RANKD_HTTP_PORT);
    this.#sampling = repeat(this.#environment.clock, SAMPLE_PERIOD_MS, () => this.#publishActivity());
    await this.#openGateway();
    if (this.#gatewayOwner?.gateway === undefined || this.#state !== 'starting') return;
    const transport = transportFor(readTlsFiles(this.#config), connection => this.accept(connection));
    const listener = new TcpListener(transport.server);
    const port = await listener.listen(host, this.#config.RANKD_PORT);
    this.#running = { transport, listener };
    this.#state = 'accepting';
    if (this.#config.RANKD_ADMIN_TOKEN === DEVELOPMENT_ADMIN_TOKEN) this.#recordEvent({ event: 'development-token' });
    this.#recordEvent({ event: 'listening', address: host, port, httpPort, transport: transport.kind });
    // Only now: a server that cannot have the port must not put its order over that of the one that has it. And still
    // before anybody connects: nothing is waited for in between.
    this.#standalone?.open();
  }

  /**
   * Takes a member's connection: one of the listener, or one that a test made in memory. Returns what takes its bytes.
   * @throws before start() has resolved
   */
  accept(connection: Connection): ConnectionListener {
    const gateway = this.#gatewayOwner?.gateway;
    if (gateway === undefined) throw new Error('the server takes no connections before it has started');
    return gateway.accept(connection);
  }

  /** Reads the certificates anew, for whoever connects from now on; what cannot be used changes nothing. */
  renewCertificates(): void {
    const transport = this.#running?.transport;
    if (transport === undefined || transport.kind === 'tcp') return;
    try {
      const files = readTlsFiles(this.#config);
      transport.renew(files);
      this.#recordEvent({ event: 'certificates.renewed', validTo: new X509Certificate(files.cert ?? '').validTo });
    } catch (error) {
      this.#recordEvent({ event: 'certificates.unusable', reason: (error as Error).message });
    }
  }

  /** R-BYE-2: lets open commands end, freezes the order, leaves it in the mirror, says goodbye. */
  async stop(signal: string): Promise<void> {
    const { clock } = this.#environment;
    const startedMs = clock.monotonicMs();
    this.#state = 'draining';
    this.#standalone?.stop();
    const gateway = this.#gatewayOwner?.gateway;
    if (this.#running !== undefined && gateway !== undefined) {
      this.#recordEvent({ event: 'draining', signal, members: this.#queries.members });
      await gateway.shutdown.drain(this.#config.RANKD_DRAIN_MS);
      await this.#cluster?.leave();
      gateway.shutdown.sayGoodbye(this.#config.RANKD_REFORM_MS / 2);
    }
    await this.#running?.listener.close(SHUTDOWN_WAIT_MS);
    await this.#cluster?.close();
    await this.#mirror?.close(SHUTDOWN_WAIT_MS);
    this.#sampling?.cancel();
    await this.#http.close();
    this.#recordEvent({ event: 'stopped', ms: Math.round(clock.monotonicMs() - startedMs) });
  }

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
    const { RANKD_REFORM_MS: reformMs, RANKD_SUSPEND_MS: suspendMs } = this.#config;
    const epochLast = (await this.#mirror?.readRestoredOrder(Math.max(reformMs, suspendMs)))?.epochLast ?? 0;
    const { ClusterServer: clusterClass } = await import('./cluster/cluster-server.js');
    const { systemStreamEnvironment } = await import('./redis-stream/environment.js');
    const settings = { config: this.#config, hostName, epochLast };
    this.#cluster = new clusterClass(settings, {
      clock,
      environment: { ...systemStreamEnvironment, randomBytes, randomFraction: fraction },
      watch: event => this.#recordEvent(event),
      recordWriteSeconds: seconds => this.#metrics.recordLogWrite(seconds),
      createGateway: (log, shared, place) => this.#createGateway(log, shared, { place }),
    });
    this.#gatewayOwner = this.#cluster;
    await this.#cluster.start();
  }

  #createGateway(
    log: OrderedLog,
    clock: Clock,
    ports: { readonly place?: ClusterPlace; readonly isClosedTo?: (group: string) => boolean },
  ): Gateway {
    return new Gateway({
      config: this.#config,
      clock,
      log,
      randomBytes: this.#environment.randomBytes,
      serverName: this.#environment.hostName,
      ...ports,
      watch: event => this.#recordEvent(event),
      overhear: event => this.#publishCommandEvent(event),
      publish: (group, change) => this.#publishChange(group, change),
      unpublish: group => this.#mirror?.dropGroup(group),
      publishSeat: (group, member) => this.#mirror?.publishSeat(group, member),
    });
  }

  #recordEvent(event: ServerEvent): void {
    this.#metrics.countEvent(event);
    this.#eventLog(event);
    this.#publishCommandEvent(event);
  }

  #publishCommandEvent(event: ServerEvent): void {
    this.#activity.countCommand(event);
    switch (event.event) {
      case 'command.accepted':
        return this.#streams.publishEvent(event.group, 'command', () => event);
      case 'command.refused':
        return this.#streams.publishEvent(event.group, 'refused', () => event);
      case 'command.outcome':
        return this.#streams.publishEvent(event.group, 'outcome', () => event);
      default:
        return;
    }
  }

  #publishActivity(): void {
    for (const group of this.#streams.watchedGroups) void this.#queries.followGroup(group);
    this.#activity.sampleGroups();
    this.#streams.publishActivity(group => this.#activity.reportActivity(group, 1));
  }

  #publishChange(group: Group, change: RosterChangedEffect): void {
    this.#mirror?.publishChange(group, change);
    this.#streams.publishEvent(group.name, 'view', () => changeRow(change));
  }

  #createMirror(mirrorClass: typeof RedisMirror): RedisMirror | undefined {
    const { RANKD_REDIS_URL: url, RANKD_REDIS_PREFIX: prefix, RANKD_ORDER_TTL_MS: orderTtlMs } = this.#config;
    const { RANKD_MEMBERS_MAX: membersMax, RANKD_GROUPS_MAX: groupsMax } = this.#config;
    const { RANKD_MODE: mode, RANKD_REFORM_MS: reformMs, RANKD_SUSPEND_MS: suspendMs } = this.#config;
    const { hostName: serverName, randomBytes } = this.#environment;
    const address = url === undefined ? undefined : parseRedisAddress(url);
    if (address === undefined) return undefined;
    const incarnation = randomBytes(INCARNATION_SIZE).toString('hex');
    const windowMs = Math.max(reformMs, suspendMs);
    const standalone = mode === 'standalone' ? { incarnation, suspendMs, windowMs } : undefined;
    return new mirrorClass(
      { address, prefix, serverName, membersMax, groupsMax, orderTtlMs, standalone },
      {
        clock: this.#environment.clock,
        watch: event => this.#recordEvent(event),
        recordWrite: (result, seconds) => this.#metrics.recordMirrorWrite(result, seconds),
      },
    );
  }

  /** Of the gateway that takes members now. */
  #gatewayReadings(): ReturnType<QuerySources['gateway']> {
    const gateway = this.#gatewayOwner?.gateway;
    if (gateway === undefined) return undefined;
    const { log, channels, traffic } = gateway;
    return {
      groups: log.groups,
      observers: channels.observerCount,
      sessions: gateway.sessionCount,
      backlogBytesLargest: () => gateway.backlogBytesLargest,
      ...traffic,
    };
  }
}
