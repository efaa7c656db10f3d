import { hostname } from 'node:os';
import type { Logger } from '@rankd/startup';
import { limits } from '@rankd/protocol';
import { systemClock } from './clock.js';
import type { ServerConfig } from './config.js';
import { Coordinator, type CoreLimits } from './core/index.js';
import { Gateway } from './gateway/gateway.js';
import { TcpListener } from './gateway/tcp-listener.js';
import { LocalLog } from './log/local-log.js';
import { RedisMirror } from './mirror/redis-mirror.js';
import type { Directory, GroupSummary, Readiness } from './observability/directory.js';
import { createEventLog } from './observability/event-log.js';
import { HttpEndpoint } from './observability/http-endpoint.js';
import { Metrics } from './observability/metrics.js';
import { rosterRow } from './roster-rows.js';
import type { ServerEvent } from './server-event.js';

/** How long the start waits for Redis to tell the last epoch; never longer, whatever Redis does. */
const EPOCH_WAIT_MS = 1000;
/** How far apart in time sessions are told to come back after a drain. */
const RETURN_SPREAD_MS = 2500;
/** What the side port and the mirror get at the end. */
const FAREWELL_MS = 1000;

/** Joins the rooms: start, drain, stop. */
export class RankServer {
  readonly #config: ServerConfig;
  readonly #eventLog: (event: ServerEvent) => void;
  readonly #serverName = hostname();
  readonly #mirror: RedisMirror | undefined;
  readonly #metrics: Metrics;
  readonly #http: HttpEndpoint;
  #running: { readonly gateway: Gateway; readonly listener: TcpListener } | undefined;
  #state: Readiness['state'] = 'starting';

  constructor(config: ServerConfig, logger: Logger) {
    this.#config = config;
    this.#eventLog = createEventLog(logger);
    this.#mirror = this.#createMirror();
    this.#metrics = new Metrics(this.#readings());
    this.#http = new HttpEndpoint(this.#directory(), this.#metrics);
  }

  /** Resolves once members and the side port are served; rejects where a port cannot be had. */
  async start(): Promise<void> {
    const { RANKD_HOST: host, RANKD_HTTP_HOST: httpHost } = this.#config;
    this.#mirror?.start();
    const httpPort = await this.#http.listen(httpHost, this.#config.RANKD_HTTP_PORT);
    const epochLast = (await this.#mirror?.epochLast(EPOCH_WAIT_MS)) ?? 0;
    const gateway = new Gateway({
      config: this.#config,
      clock: systemClock,
      log: new LocalLog(new Coordinator(this.#coreLimits(), epochLast)),
      serverName: this.#serverName,
      watch: event => this.#watch(event),
      publish: (group, change) => this.#mirror?.publish(group, change),
    });
    const listener = new TcpListener(connection => gateway.accept(connection));
    const port = await listener.listen(host, this.#config.RANKD_PORT);
    this.#running = { gateway, listener };
    this.#state = 'accepting';
    this.#watch({ event: 'listening', address: host, port, httpPort });
  }

  /** R-BYE-2: lets open commands end, freezes the order, leaves it in the mirror, says goodbye. */
  async stop(signal: string): Promise<void> {
    const startedMs = systemClock.monotonicMs();
    this.#state = 'draining';
    if (this.#running !== undefined) {
      const { gateway, listener } = this.#running;
      this.#watch({ event: 'draining', signal, members: gateway.sessionCount });
      await gateway.drain(this.#config.RANKD_DRAIN_MS);
      gateway.sayGoodbye(RETURN_SPREAD_MS);
      await listener.close(FAREWELL_MS);
    }
    await this.#mirror?.close(FAREWELL_MS);
    await this.#http.close();
    this.#watch({ event: 'stopped', ms: Math.round(systemClock.monotonicMs() - startedMs) });
  }

  #watch(event: ServerEvent): void {
    this.#metrics.watch(event);
    this.#eventLog(event);
  }

  #coreLimits(): CoreLimits {
    return {
      membersMax: this.#config.RANKD_MEMBERS_MAX,
      groupsMax: this.#config.RANKD_GROUPS_MAX,
      commandsOpenMax: this.#config.RANKD_COMMANDS_OPEN_MAX,
      deadlineMsMax: this.#config.RANKD_DEADLINE_MAX_MS,
      refusedMax: limits.refusedMax,
      missingMax: limits.missingMax,
    };
  }

  #createMirror(): RedisMirror | undefined {
    const { RANKD_REDIS_URL: url, RANKD_REDIS_PREFIX: prefix, RANKD_MEMBERS_MAX: membersMax } = this.#config;
    if (url === undefined) return undefined;
    return new RedisMirror(
      { url, prefix, serverName: this.#serverName, membersMax },
      {
        clock: systemClock,
        watch: event => this.#watch(event),
        written: (result, seconds) => this.#metrics.mirrorWritten(result, seconds),
      },
    );
  }

  #groups(): GroupSummary[] {
    const groups = this.#running?.gateway.log.coordinator.groups.values() ?? [];
    return [...groups].map(({ name, epoch, view, roster }) => ({
      group: name,
      epoch,
      view,
      size: roster.size,
      membersMax: this.#config.RANKD_MEMBERS_MAX,
      leader: roster.leader === undefined ? null : { member: roster.leader.id, name: roster.leader.name },
    }));
  }

  #directory(): Directory {
    return {
      groups: () => this.#groups(),
      roster: name => {
        const group = this.#running?.gateway.log.coordinator.groups.get(name);
        if (group === undefined) return undefined;
        const { epoch, view, roster } = group;
        return { group: name, epoch, view, size: roster.size, members: roster.slice().map(rosterRow) };
      },
      readiness: () => ({
        ready: this.#state === 'accepting',
        state: this.#state,
        mirror:
          this.#mirror === undefined
            ? { state: 'none' }
            : { state: this.#mirror.isUp ? 'up' : 'down', lagViews: this.#mirror.lagViews },
      }),
    };
  }

  #readings(): ConstructorParameters<typeof Metrics>[0] {
    const gateway = (): Gateway | undefined => this.#running?.gateway;
    const mirror = this.#mirror;
    return {
      groups: () => this.#groups().map(({ group, size, view }) => ({ name: group, members: size, view })),
      membersMax: this.#config.RANKD_MEMBERS_MAX,
      get sessions() {
        return gateway()?.sessionCount ?? 0;
      },
      get backlogBytesLargest() {
        return gateway()?.backlogBytesLargest ?? 0;
      },
      get receivedBytes() {
        return gateway()?.traffic.receivedBytes ?? 0;
      },
      get sentBytes() {
        return gateway()?.traffic.sentBytes ?? 0;
      },
      get mirror() {
        return mirror === undefined ? undefined : { up: mirror.isUp, lagViews: mirror.lagViews };
      },
    };
  }
}
