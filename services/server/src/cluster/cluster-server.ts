import type { Clock } from '../clock.js';
import type { ServerConfig } from '../config.js';
import { coreLimits } from '../core-limits.js';
import type { ServerId } from '../core/index.js';
import type { ClusterPlace, Gateway } from '../gateway/gateway.js';
import { ClusterLog, type ClusterResumePoint } from './cluster-log.js';
import type { IncarnationEndReason } from './shard-ports.js';
import { StreamError } from './stream-error.js';
import type { StreamEnvironment } from '../redis-stream/environment.js';
import type { ConnectionState } from '../redis-stream/settings.js';
import { StreamStore } from '../redis-stream/stream-store.js';
import type { ClusterReadiness } from '../observability/group-queries.js';
import type { Watcher } from '../server-event.js';

/** Nobody has heard this server for so long that its members are better off with another. */
export const CLOSE_MS = 5000;
const SUPERVISE_MS = 100;
/** Between attempts to enter the order. */
const JOIN_RETRY_MS = 500;
/** The ids of its sessions go into every entry: short, and enough for the incarnations of all servers there will ever be. */
const SERVER_ID_BYTES = 6;
const CLUSTER_ID_BYTES = 9;

export interface ClusterServerPorts {
  readonly clock: Clock;
  readonly environment: StreamEnvironment;
  /** Under which people know this server. */
  readonly hostName: string;
  readonly watch: Watcher;
  readonly createGateway: (log: ClusterLog, clock: Clock, place: ClusterPlace) => Gateway;
  /** How long a write to the order took. */
  readonly recordWriteSeconds: (seconds: number) => void;
  /** Epochs up to this one were issued before there was a cluster. */
  readonly epochLast: number;
}

/** One incarnation of this server in the cluster. */
interface Incarnation {
  readonly server: ServerId;
  readonly log: ClusterLog;
  readonly gateway: Gateway;
}

/**
 * This server as one of several on one Redis. It runs as long as the others hear it; then, or where the streams do not
 * go on as they were read, it sends its members to other servers and begins a new incarnation.
 */
export class ClusterServer {
  readonly #config: ServerConfig;
  readonly #ports: ClusterServerPorts;
  readonly #store: StreamStore;
  readonly #clock: Clock;
  #incarnation: Incarnation | undefined;
  #state: 'entering' | 'living' | 'left' = 'entering';
  #cancelSupervision: () => void = () => undefined;

  constructor(config: ServerConfig, ports: ClusterServerPorts) {
    this.#config = config;
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
        connection: state => this.#reportConnection(state),
        reconnected: shards => this.#incarnation?.log.reconnected(shards),
        warning: sentence => ports.watch({ event: 'log.warning', sentence }),
      },
    );
    this.#clock = sharedClock(ports.clock, () => this.#store.clockOffsetMs);
  }

  /** The newest incarnation's; before it has entered and after it is over it takes nobody. */
  get gateway(): Gateway | undefined {
    return this.#incarnation?.gateway;
  }

  get log(): ClusterLog | undefined {
    return this.#incarnation?.log;
  }

  /** Resolves when this server follows the group, or every group if `group` is undefined, or cannot for now. */
  async followGroup(group: string | undefined): Promise<void> {
    await this.#incarnation?.log.followGroup(group);
  }

  get isReady(): boolean {
    return this.#state === 'living' && this.#incarnation?.log.isCurrent() === true;
  }

  get readiness(): ClusterReadiness {
    const log = this.#incarnation?.log;
    return {
      state: this.isReady ? 'current' : this.#state === 'living' ? 'doubtful' : this.#state,
      server: this.#incarnation?.server,
      servers: log?.servers ?? [],
      epoch: log?.epoch ?? 0,
      lagEntries: log?.lagRecords ?? 0,
      shardsFollowed: log?.shardsFollowed ?? 0,
    };
  }

  /** Resolves once this server stands in the order. Rejects where waiting would not mend what is wrong. */
  async start(): Promise<void> {
    await this.#joinCluster(undefined);
    this.#scheduleSupervision();
  }

  /** Says that this server goes, so that its members are expected elsewhere at once. */
  async leave(): Promise<void> {
    this.#state = 'left';
    this.#cancelSupervision();
    await this.#incarnation?.log.leave();
  }

  async close(): Promise<void> {
    this.#state = 'left';
    this.#cancelSupervision();
    await this.#incarnation?.log.close();
    await this.#store.close();
  }

  async #joinCluster(resumePoint: ClusterResumePoint | undefined): Promise<void> {
    for (;;) {
      try {
        const { clusterId } = await this.#store.prepare({ clusterId: this.#randomId(CLUSTER_ID_BYTES) });
        await this.#startIncarnation(clusterId, resumePoint);
        return;
      } catch (error) {
        if (this.#state === 'left') return;
        if (!(error instanceof StreamError)) throw error;
        // Whoever starts it sees at once that it cannot work; later on somebody may mend it.
        if (resumePoint === undefined && error.fault === 'unsuited') throw error;
        this.#ports.watch({ event: 'log.unusable', reason: error.message });
        await new Promise<void>(resolve => void this.#ports.clock.after(JOIN_RETRY_MS, resolve));
      }
    }
  }

  async #startIncarnation(cluster: string, resumePoint: ClusterResumePoint | undefined): Promise<void> {
    const server = this.#randomId(SERVER_ID_BYTES);
    const { RANKD_SHARDS: shards, RANKD_LOG_ACK: ack } = this.#config;
    const log = new ClusterLog({
      clock: this.#clock,
      streams: Array.from({ length: shards }, (_, index) => this.#store.shard(index)),
      server,
      since: this.#clock.wallMs(),
      resumePoint,
      name: this.#ports.hostName,
      rules: coreLimits(this.#config),
      epochLast: this.#ports.epochLast,
      holdsUntilAcked: ack === 'replicated',
      recordWriteSeconds: this.#ports.recordWriteSeconds,
      unusable: reason => this.#ports.watch({ event: 'log.unusable', reason }),
      recall: ({ group, effects }) => gateway.effectPerformer.performEffects(group, effects),
      incarnationEnded: why => this.#endIncarnation(why),
    });
    const gateway: Gateway = this.#ports.createGateway(log, this.#clock, { cluster, server });
    try {
      await log.join();
    } catch (error) {
      gateway.shutdown.disband(0);
      await log.close();
      throw error;
    }
    gateway.stalenessGuard.checkLog();
    this.#incarnation = { server, log, gateway };
    this.#state = 'living';
    this.#ports.watch({ event: 'cluster.entered', cluster, server, servers: log.servers.length });
  }

  /** What is left of this incarnation is nobody's business: its members go elsewhere, and it begins another. */
  #endIncarnation(why: IncarnationEndReason | 'unheard'): void {
    const incarnation = this.#incarnation;
    if (this.#state !== 'living' || incarnation === undefined) return;
    this.#state = 'entering';
    this.#ports.watch({ event: 'cluster.over', server: incarnation.server, why });
    incarnation.gateway.shutdown.disband(this.#config.RANKD_HEARTBEAT_MS);
    const { resumePoint } = incarnation.log;
    void incarnation.log.close().then(async () => await this.#joinCluster(resumePoint));
  }

  #randomId(bytes: number): string {
    return this.#ports.environment.randomBytes(bytes).toString('base64url');
  }

  #scheduleSupervision(): void {
    const timer = this.#ports.clock.after(SUPERVISE_MS, () => {
      if (this.#state === 'living' && (this.#incarnation?.log.unheardMs ?? 0) >= CLOSE_MS)
        this.#endIncarnation('unheard');
      this.#scheduleSupervision();
    });
    this.#cancelSupervision = () => timer.cancel();
  }

  #reportConnection(state: ConnectionState): void {
    if (state.kind === 'up') this.#ports.watch({ event: 'log.up' });
    else this.#ports.watch({ event: 'log.down', reason: state.reason });
  }
}

/** The clock of Redis, which all servers share; it never goes back either. */
function sharedClock(own: Clock, offsetMs: () => number): Clock {
  let last = 0;
  return {
    ...own,
    wallMs: () => {
      last = Math.max(last, Math.floor(own.wallMs() + offsetMs()));
      return last;
    },
  };
}
