import { limits } from '@rankd/protocol';
import type { Clock } from '../clock.js';
import type { ServerConfig } from '../config.js';
import type { KeptSeat, ServerId } from '../core/index.js';
import type { OrderedLog } from '../log/ordered-log.js';
import type { Watcher } from '../server-event.js';
import { CommandEffects } from './delivery/command-effects.js';
import { EffectPerformer } from './delivery/effect-performer.js';
import { EventReporter } from './delivery/event-reporter.js';
import { FlowControl } from './delivery/flow-control.js';
import { FlushCycle } from './delivery/flush-cycle.js';
import { GroupChannels } from './delivery/group-channels.js';
import { MembershipEffects, type MirrorPorts } from './delivery/membership-effects.js';
import { CommandFrames } from './frames/command-frames.js';
import { WelcomeFrames } from './frames/welcome-frame.js';
import { handleMessage, type HandlerPorts } from './handlers/index.js';
import { DeadlineTimers } from './liveness/deadline-timers.js';
import { StallFreeClock } from './liveness/keepalive.js';
import { LeaderYield } from './liveness/leader-yield.js';
import { LogStalenessGuard } from './liveness/log-staleness-guard.js';
import { SessionWatchdog } from './liveness/session-watchdog.js';
import { Ticker } from './liveness/ticker.js';
import { Proposals } from './proposals.js';
import { OpenSessions } from './session/open-sessions.js';
import type { Traffic } from './session/outbox.js';
import { SessionRegistry } from './session/session-registry.js';
import { type Refusal, Shutdown } from './shutdown.js';
import { ConnectionLimiter } from './transport/connection-limiter.js';
import type { Connection, ConnectionListener } from './transport/connection.js';

/** How often heartbeats, hellos and stalls are checked. */
const TICK_MS = 50;

/** A server's place in its cluster. */
export interface ClusterPlace {
  readonly cluster: string;
  /** The id of this incarnation of the server. */
  readonly server: ServerId;
}

export interface GatewayPorts extends MirrorPorts {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly log: OrderedLog;
  /** What ids and secrets are made of: nobody can guess it. */
  readonly randomBytes: (size: number) => Buffer;
  readonly serverName: string;
  /** Absent if this server is alone. */
  readonly place?: ClusterPlace;
  readonly watch: Watcher;
  /** Takes events that another server of the cluster reports and counts. */
  readonly overhear: Watcher;
  /** Other servers publish this group from now on. */
  readonly unpublish: (group: string) => void;
}

/** Builds the gateway from its parts, each from parts before it; turns connections into sessions. */
export class Gateway {
  readonly log: OrderedLog;
  readonly traffic: Traffic = { receivedBytes: 0, sentBytes: 0 };
  readonly channels: GroupChannels;
  readonly effectPerformer: EffectPerformer;
  readonly stalenessGuard: LogStalenessGuard;
  readonly shutdown: Shutdown;
  readonly #config: ServerConfig;
  readonly #clock: Clock;
  readonly #sessions: OpenSessions;
  readonly #registry: SessionRegistry;
  readonly #connectionLimiter: ConnectionLimiter;
  readonly #watchdog: SessionWatchdog;
  readonly #refusal: () => Refusal | undefined;

  constructor(ports: GatewayPorts) {
    const { config, clock, log, publish, publishSeat, randomBytes, serverName, watch, overhear } = ports;
    const { RANKD_FRAME_BYTES_MAX: frameBytesMax, RANKD_HEARTBEAT_MS: retryAfterMs } = config;
    const payloadBytesMax = frameBytesMax - limits.frameOverheadBytes;
    const outboxLimits = { backlogBytesMax: config.RANKD_BACKLOG_BYTES_MAX, stallMs: config.RANKD_STALL_MS };
    this.#config = config;
    this.#clock = clock;
    this.log = log;
    const sessions = new OpenSessions(ports.place?.server);
    const timers = new DeadlineTimers(clock);
    const proposals = new Proposals({ clock, log, timers });
    const stallFreeClock = new StallFreeClock(TICK_MS, () => clock.monotonicMs());
    const commandFrames = new CommandFrames(frameBytesMax);
    const welcomeFrames = new WelcomeFrames({ config, serverName, cluster: ports.place?.cluster });

    const flowControl = new FlowControl(outboxLimits, { sessions, stallFreeClock });
    const flushCycle = new FlushCycle({ clock, flowControl, watch });
    const events = new EventReporter({ flushCycle, sessions, overhear });
    const watchdog = new SessionWatchdog(TICK_MS, { config, clock, stallFreeClock, sessions, timers, flowControl });
    const channels = new GroupChannels({
      config,
      clock,
      stallFreeClock,
      groups: log.groups,
      sessions,
      commandFrames,
      flushCycle,
      flowControl,
      watchdog,
    });
    const leaderYield = new LeaderYield({ proposals, sessions, channels, timers, watchdog });
    const stalenessGuard = new LogStalenessGuard({ log, sessions, stallFreeClock, channels, leaderYield, watchdog });
    const ticker = new Ticker(clock, TICK_MS, () => {
      stallFreeClock.tick();
      stalenessGuard.checkLog();
      watchdog.tick();
      flowControl.tick();
    });
    const shutdown = new Shutdown(TICK_MS, { clock, log, sessions, flushCycle, ticker });
    const refusal = (): Refusal | undefined => shutdown.refusal ?? (stalenessGuard.isStale ? 'UNAVAILABLE' : undefined);

    const membership = new MembershipEffects({
      stallFreeClock,
      proposals,
      sessions,
      welcomeFrames,
      flushCycle,
      events,
      publish,
      publishSeat,
    });
    const commands = new CommandEffects({
      frameBytesMax,
      commandFrames,
      proposals,
      sessions,
      channels,
      events,
    });
    this.effectPerformer = new EffectPerformer({
      retryAfterMs,
      sessions,
      channels,
      membership,
      commands,
      leaderYield,
      stalenessGuard,
      events,
    });

    const handlerPorts: HandlerPorts = {
      config,
      stallFreeClock,
      log,
      proposals,
      frameBytesMax,
      payloadBytesMax,
      randomBytes,
      channels,
      welcomeFrames,
      flushCycle,
      flowControl,
      leaderYield,
      refusal,
    };
    this.#registry = new SessionRegistry(
      { sessions, proposals, log, flushCycle, channels, flowControl, watchdog, leaderYield, shutdown },
      {
        frameBytesMax,
        outboxLimits,
        traffic: this.traffic,
        clock,
        stallFreeClock,
        log,
        flushCycle,
        flowControl,
        watchdog,
        onMessage: (read, session) => handleMessage(read, session, handlerPorts),
      },
    );
    this.#sessions = sessions;
    this.channels = channels;
    this.stalenessGuard = stalenessGuard;
    this.shutdown = shutdown;
    this.#refusal = refusal;
    this.#watchdog = watchdog;
    this.#connectionLimiter = new ConnectionLimiter(config.RANKD_CONNECTIONS_PER_IP_MAX);

    log.onApplied((entry, effects, origin) => this.effectPerformer.performEntry(entry, effects, origin));
    log.onGroupLoaded(({ name }) => channels.open(name));
    log.onGroupsUnloaded(groups => {
      channels.closeAll(groups);
      for (const { name } of groups) ports.unpublish(name);
    });
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** The largest number of bytes that wait for one session. */
  get backlogBytesLargest(): number {
    let largest = 0;
    for (const session of this.#sessions.values()) largest = Math.max(largest, session.outbox.backlogBytes);
    return largest;
  }

  /** R-VIEW-6: restores the groups of before a restart, before anybody connects. */
  restore(seats: ReadonlyMap<string, readonly KeptSeat[]>): void {
    const at = this.#clock.wallMs();
    for (const [group, kept] of seats) this.log.append({ kind: 'restored', group, at, seats: kept });
  }

  /** A peer has connected; it has RANKD_HELLO_TIMEOUT_MS to say hello. */
  accept(connection: Connection): ConnectionListener {
    const session = this.#registry.openSession(connection);
    const { RANKD_HEARTBEAT_MS: retryAfterMs, RANKD_CONNECTIONS_PER_IP_MAX: perIpMax } = this.#config;
    const isUnderLimit = this.#connectionLimiter.addConnection(connection.host);
    const refusal = this.#refusal();
    if (!isUnderLimit) session.end('RATE_LIMITED', `${perIpMax} connections`, retryAfterMs);
    else if (refusal !== undefined) session.end(refusal, undefined, retryAfterMs);
    else this.#watchdog.addSession(session);
    let isOpen = true;
    return {
      received: bytes => session.receiveBytes(bytes),
      closed: by => {
        session.endClosed(by);
        if (isOpen) this.#connectionLimiter.removeConnection(connection.host);
        isOpen = false;
      },
      unfit: (code, reason) => session.refuse(code, reason),
    };
  }
}
