/**
 * Runs this server as a member of a cluster: it joins, supervises the incarnation, and starts the next one. An incarnation is one run of
 * this server in the cluster.
 */

import type { Clock } from '../clock.js';
import { coreLimits } from '../core-limits.js';
import type { ServerId } from '../core/index.js';
import type { Gateway } from '../gateway/gateway.js';
import type { ClusterReadiness } from '../observability/group-queries.js';
import type { ConnectionState } from '../redis-stream/settings.js';
import { StreamStore } from '../redis-stream/stream-store.js';
import { ClusterLog } from './cluster-log.js';
import type { ClusterEndReason, ShardSettings } from './cluster-ports.js';
import type { ClusterResumePoint } from './lost-history/resume-point.js';
import { BlockedError, type BlockedShard } from './blocked/blocked-shard.js';
import { BlockedWait } from './blocked/blocked-wait.js';
import { ClusterFounding } from './founding/cluster-founding.js';
import { ServedCluster } from './founding/served-cluster.js';
import { WaitingGateway } from './founding/waiting-gateway.js';
import type { ClusterServerPorts, ClusterServerSettings, Incarnation } from './incarnation/cluster-server-ports.js';
import { sharedClock } from './incarnation/shared-clock.js';
import { logFormats } from './formats/log-format.js';
import { findBlockingEntry } from './blocked/shard-trial.js';
import { StreamError } from './stream-error.js';
import { AckSupervision } from './waits/ack-supervision.js';
import { describeReadiness } from './waits/cluster-readiness.js';
import { FaultReports } from './waits/fault-reports.js';

/** The delay between two attempts to join the cluster. */
const JOIN_RETRY_MS = 500;
/** The size of a server id. It is short because every session id contains it, and long enough to be unique. */
const SERVER_ID_BYTES = 6;
const CLUSTER_ID_BYTES = 9;

/**
 * Runs this server as one of several on one Redis. An incarnation ends when none of its heartbeats is acknowledged for CLOSE_MS, or when
 * a stream does not continue the records that were read. Its sessions then end with `bye` UNAVAILABLE, so that the clients connect to
 * other servers. After that a new incarnation starts. If this server cannot read or apply an entry, it first waits until it can.
 */
export class ClusterServer {
  readonly #settings: ClusterServerSettings;
  readonly #ports: ClusterServerPorts;
  readonly #store: StreamStore;
  readonly #clock: Clock;
  readonly #blockedWait: BlockedWait;
  readonly #founding: ClusterFounding;
  readonly #served: ServedCluster;
  readonly #waitingGateway: WaitingGateway<Gateway>;
  readonly #faults: FaultReports;
  /** The log of the incarnation that is joining. */
  #joining: ClusterLog | undefined;
  #incarnation: Incarnation | undefined;
  /** Where the next incarnation starts to follow each shard. Undefined before the first attempt to join. */
  #resumePoint: ClusterResumePoint | undefined;
  #state: 'entering' | 'running' | 'left' = 'entering';
  readonly #supervision: AckSupervision;

  constructor(settings: ClusterServerSettings, ports: ClusterServerPorts) {
    const { config } = settings;
    this.#settings = settings;
    this.#ports = ports;
    this.#store = new StreamStore(
      {
        url: config.RANKD_REDIS_URL ?? '',
        prefix: config.RANKD_REDIS_PREFIX,
        shards: config.RANKD_SHARDS,
        ack: config.RANKD_LOG_ACK,
      },
      {
        clock: ports.clock,
        environment: ports.environment,
        onConnectionState: state => this.#reportConnection(state),
        onReconnected: shards => this.#incarnation?.log.beginEpochs(shards),
        onWarning: sentence => ports.watch({ event: 'log.warning', sentence }),
      },
    );
    this.#clock = sharedClock(ports.clock, () => this.#store.clockOffsetMs);
    this.#faults = new FaultReports(ports.watch);
    this.#supervision = new AckSupervision({
      clock: ports.clock,
      faults: this.#faults,
      log: () => this.#running?.log,
      onUnheard: () => this.#endIncarnation('unheard'),
    });
    this.#served = new ServedCluster(ports.servedState, settings.epochLast, ports, () => this.#running);
    this.#resumePoint = this.#served.before?.resumePoint;
    const lookMs = ports.servedState === undefined ? config.RANKD_REFORM_MS : 0;
    this.#founding = new ClusterFounding(this.#served.before?.clusterId, lookMs, {
      clock: ports.clock,
      store: this.#store,
      identity: { name: settings.hostName, createId: () => this.#randomId(CLUSTER_ID_BYTES) },
      watch: ports.watch,
      onWait: reason => this.#waitingGateway.open(reason),
    });
    this.#waitingGateway = new WaitingGateway(ports, this.#clock, this.#faults, () => this.#founding.adopt());
    this.#blockedWait = new BlockedWait({
      clock: ports.clock,
      findBlocked: async shard => await this.#findBlocked(shard),
      onBlocked: ({ shard, record, entry, reason }) =>
        ports.watch({ event: 'cluster.blocked', shard, record, entry, reason }),
    });
  }

  /** The gateway of the newest incarnation. It accepts no sessions after the incarnation has ended. */
  get gateway(): Gateway | undefined {
    return this.#waitingGateway.gateway ?? this.#incarnation?.gateway;
  }

  /**
   * Follows the shard of a group for a query, or all shards if `group` is undefined. Resolves after a time limit even if this server cannot
   * follow them.
   */
  async followGroup(group: string | undefined): Promise<void> {
    await this.#incarnation?.log.followGroup(group);
  }

  /** Whether the incarnation has joined and its log is current. */
  get isReady(): boolean {
    return this.#state === 'running' && this.#incarnation?.log.isCurrent() === true;
  }

  /** The state of this server in the cluster, for the readiness query of the side port. */
  get readiness(): ClusterReadiness {
    return describeReadiness({
      state: this.#state,
      isReady: this.isReady,
      blocked: this.#blockedWait.blocked,
      lost: this.#founding.reason,
      server: this.#incarnation?.server,
      log: this.#incarnation?.log,
      joining: this.#joining,
      fault: this.#faults.reasonOf('all'),
    });
  }

  /**
   * Joins the cluster, with retries. Resolves when this server has joined, or waits for a lost cluster.
   * @throws StreamError `unsuited` if Redis does not meet the requirements or contradicts the settings.
   */
  async start(): Promise<void> {
    await this.#waitingGateway.openedOr(this.#joinCluster('first'));
    this.#supervision.start();
    this.#served.start();
  }

  /** Announces that this server leaves the cluster. The other servers mark its members away at once. */
  async leave(): Promise<void> {
    this.#stopJoining();
    await this.#incarnation?.log.leave();
    if (this.#incarnation !== undefined) await this.#served.write(this.#incarnation);
  }

  /** Closes all connections. Without an earlier leave(), the other servers declare this server lost only after some silence. */
  async close(): Promise<void> {
    this.#stopJoining();
    await this.#incarnation?.log.close();
    await this.#store.close();
  }

  #stopJoining(): void {
    this.#state = 'left';
    this.#supervision.stop();
    this.#served.stop();
    this.#blockedWait.stop();
  }

  async #joinCluster(start: 'first' | 'again'): Promise<void> {
    for (;;) {
      try {
        if (this.#blockedWait.blocked !== undefined) await this.#blockedWait.waitUntilPassable();
        if (this.#isLeft()) return;
        const clusterId = await this.#founding.findCluster();
        if (this.#isLeft()) return;
        if (clusterId !== undefined) {
          await this.#startIncarnation(clusterId);
          return;
        }
      } catch (error) {
        if (this.#isLeft()) return;
        if (error instanceof BlockedError) {
          this.#blockedWait.block(error.blocked);
          continue;
        }
        if (!(error instanceof StreamError)) throw error;
        // At the first start the error is shown to the operator. Later the server retries until the operator has corrected the fault.
        const isAtStart = start === 'first' && this.#waitingGateway.gateway === undefined;
        if (isAtStart && error.fault === 'unsuited') throw error;
        this.#faults.recordFault('all', error.message);
      }
      await new Promise<void>(resolve => void this.#ports.clock.after(JOIN_RETRY_MS, resolve));
    }
  }

  get #running(): Incarnation | undefined {
    return this.#state === 'running' ? this.#incarnation : undefined;
  }

  #isLeft(): boolean {
    return this.#state === 'left';
  }

  /** Reads a shard without joining it. Returns what this server cannot apply. */
  async #findBlocked(shard: number): Promise<BlockedShard | undefined> {
    await this.#store.prepare({ clusterId: this.#randomId(CLUSTER_ID_BYTES) });
    const blocking = await findBlockingEntry(this.#shardSettings('blocked'), this.#clock, this.#store.shard(shard));
    return blocking === undefined ? undefined : { ...blocking, shard };
  }

  #shardSettings(server: ServerId): ShardSettings {
    const { config, hostName: name, address = () => undefined, formats = logFormats } = this.#settings;
    const { epochBefore: epochLast } = this.#served;
    const since = this.#clock.wallMs();
    const holdsUntilAcked = config.RANKD_LOG_ACK === 'replicated';
    return { server, name, address, since, rules: coreLimits(config), epochLast, holdsUntilAcked, formats };
  }

  async #startIncarnation(cluster: string): Promise<void> {
    const server = this.#randomId(SERVER_ID_BYTES);
    const { RANKD_SHARDS: shards } = this.#settings.config;
    const log = new ClusterLog(this.#shardSettings(server), this.#resumePoint, {
      clock: this.#clock,
      streams: Array.from({ length: shards }, (_, index) => this.#store.shard(index)),
      recordWriteSeconds: this.#ports.recordWriteSeconds,
      listener: {
        onPendingTimers: ({ group, effects }) => gateway.effectPerformer.performEffects(group, effects),
        onUnusable: (shard, reason) => this.#faults.recordFault(`shard ${shard}`, `shard ${shard}: ${reason}`),
        onUsable: shard => this.#faults.recordEnd(`shard ${shard}`),
        onIncarnationEnd: why => this.#endIncarnation(why),
      },
    });
    const place = { cluster, server, flow: log.flow };
    const gateway: Gateway = this.#ports.createGateway(log, this.#clock, { place });
    const incarnation = { cluster, server, log, gateway };
    this.#joining = log;
    try {
      await log.join();
      await this.#served.write(incarnation);
      this.#requireJoined(log);
    } catch (error) {
      gateway.shutdown.disband(0);
      await log.close();
      this.#resumePoint = log.resumePoint;
      throw error;
    } finally {
      this.#joining = undefined;
    }
    gateway.stalenessGuard.checkLog();
    this.#incarnation = incarnation;
    this.#waitingGateway.close();
    this.#state = 'running';
    this.#blockedWait.clear();
    this.#faults.recordEnd('all');
    this.#ports.watch({ event: 'cluster.entered', cluster, server, servers: log.servers.length });
  }

  /**
   * Checks that the log has not ended, and that this server has not begun to leave, while the incarnation was starting.
   * @throws StreamError or BlockedError
   */
  #requireJoined(log: ClusterLog): void {
    log.requireOpen();
    if (this.#isLeft()) throw new StreamError('unavailable', 'this server leaves the cluster');
  }

  /** Ends the incarnation and its sessions, then joins the cluster as a new incarnation. */
  #endIncarnation(why: ClusterEndReason | 'unheard'): void {
    const incarnation = this.#incarnation;
    if (this.#state !== 'running' || incarnation === undefined) return;
    this.#state = 'entering';
    this.#faults.clear();
    const { shutdown } = incarnation.gateway;
    const { RANKD_HEARTBEAT_MS: retryAfterMsMax } = this.#settings.config;
    if (typeof why === 'object') {
      this.#blockedWait.block(why);
      shutdown.abandon(retryAfterMsMax);
    } else {
      this.#ports.watch({ event: 'cluster.over', server: incarnation.server, why });
      shutdown.disband(retryAfterMsMax);
    }
    void incarnation.log.close().then(async () => {
      this.#resumePoint = incarnation.log.resumePoint;
      await this.#joinCluster('again');
    });
  }

  #randomId(bytes: number): string {
    return this.#ports.environment.randomBytes(bytes).toString('base64url');
  }

  #reportConnection(state: ConnectionState): void {
    if (state.kind === 'up') this.#ports.watch({ event: 'log.up' });
    else this.#ports.watch({ event: 'log.down', reason: state.reason });
  }
}
