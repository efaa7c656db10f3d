/**
 * The gateway: it turns the frames of sockets into entries of the log, and the effects of the core into frames. This file only connects
 * its parts. Each part receives ports: the few functions of other parts that it uses.
 */

import { limits } from '@rankd/protocol';
import type { Clock } from '../clock.js';
import type { ServerConfig } from '../config.js';
import type { Group, KeptSeat } from '../core/index.js';
import type { OrderedLog } from '../log/ordered-log.js';
import type { Watcher } from '../server-event.js';
import { AdmissionDispatch } from './admission/admission-dispatch.js';
import { MemberAdmission } from './admission/member-admission.js';
import { ObserverAdmission } from './admission/observer-admission.js';
import { WelcomeSender } from './admission/welcome-sender.js';
import { Availability } from './availability.js';
import { AnswerEffects } from './delivery/answer-effects.js';
import { EffectPerformer } from './delivery/effect-performer.js';
import { EventReporter } from './delivery/event-reporter.js';
import { FanOut } from './delivery/fan-out.js';
import { createFlow } from './flow/create-flow.js';
import { FlushCycle, FlushQueue } from './delivery/flush-cycle.js';
import { GroupChannel } from './delivery/group-channel.js';
import { GroupChannels } from './delivery/group-channels.js';
import type { GroupWatchers } from './delivery/group-watchers.js';
import { PausedSenders } from './flow/paused-senders.js';
import { LeadershipEffects } from './delivery/leadership-effects.js';
import { MembershipEffects, type MirrorPorts } from './delivery/membership-effects.js';
import { ViewSender } from './delivery/view-sender.js';
import { WaitlistPositions } from './delivery/waitlist-positions.js';
import { CommandFrames } from './frames/command-frames.js';
import { HistoryFrames, RosterFrames } from './frames/list-frames.js';
import { WelcomeFrames } from './frames/welcome-frame.js';
import { MessageHandlers } from './handlers/index.js';
import { AbsenceTimers } from './liveness/absence-timers.js';
import { CommandDeadlines } from './liveness/command-deadlines.js';
import { DeadlineTimers } from './liveness/deadline-timers.js';
import { HelloWatchdog } from './liveness/hello-watchdog.js';
import { LeaderYield } from './liveness/leader-yield.js';
import { LogStalenessGuard } from './liveness/log-staleness-guard.js';
import { SessionHeartbeats } from './liveness/session-heartbeats.js';
import { StallFreeClock } from './liveness/stall-free-clock.js';
import { Ticker } from './liveness/ticker.js';
import type { GatewayRole } from './gateway-role.js';
import { Proposals } from './proposals.js';
import { DepartureProposals } from './session/departure-proposals.js';
import { OpenSessions } from './session/open-sessions.js';
import type { Traffic } from './session/outbox.js';
import { ReadRounds } from './pace/read-rounds.js';
import type { Session } from './session/session.js';
import { SessionRegistry } from './session/session-registry.js';
import { UnflushedSessions } from './session/unflushed-sessions.js';
import { UnreadBytes } from './session/unread-bytes.js';
import { Shutdown } from './shutdown.js';
import { ConnectionLimiter } from './transport/connection-limiter.js';
import type { Connection, ConnectionListener } from './transport/connection.js';

/** The length of a tick. At each tick, heartbeats, sessions without hello, and slow sessions are checked. */
const TICK_MS = 50;

/** The parts of the server that the gateway uses. */
export interface GatewayPorts extends MirrorPorts, GatewayRole {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly log: OrderedLog;
  /** Returns random bytes for ids and secrets. They must be impossible to guess. */
  readonly randomBytes: (size: number) => Buffer;
  readonly serverName: string;
  /** Receives the events that this server logs and counts. */
  readonly watch: Watcher;
  /** Receives the events that another server of the cluster logs and counts. The event streams of the side port show them too. */
  readonly overhear: Watcher;
  /** R-VIEW-6: whether hellos to this group are refused, because its last order is unread or another server keeps it. Default: never. */
  readonly isClosedTo?: (group: string) => boolean;
  /** Stops mirroring this group, because it has no session on this server any longer. Other servers mirror it. */
  readonly unpublish: (group: string) => void;
}

/**
 * Creates all parts of the gateway and connects them. Each part is created from parts that exist already. No part receives the whole
 * gateway.
 */
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
  readonly #unreadBytes: UnreadBytes;
  readonly #registry: SessionRegistry;
  readonly #connectionLimiter: ConnectionLimiter;
  readonly #helloWatchdog: HelloWatchdog;
  readonly #availability: Availability;

  constructor(ports: GatewayPorts) {
    const { config, clock, log, randomBytes, serverName, publish, publishSeat, watch, overhear } = ports;
    const { RANKD_FRAME_BYTES_MAX: frameBytesMax, RANKD_HEARTBEAT_MS: heartbeatMs } = config;
    const { RANKD_BACKLOG_BYTES_MAX: backlogBytesMax, RANKD_STALL_MS: stallMs } = config;
    const payloadBytesMax = frameBytesMax - limits.frameOverheadBytes;

    const sessions = new OpenSessions(ports.place?.server);
    const timers = new DeadlineTimers(clock);
    const stallFreeClock = new StallFreeClock(TICK_MS, () => clock.monotonicMs());
    const flushCycle = new FlushCycle(clock);
    const pausedSenders = new PausedSenders(stallMs);
    const heartbeats = new SessionHeartbeats(TICK_MS, { config, stallFreeClock, sessions, timers, pausedSenders });
    const flowPorts = { config, clock, log, sessions, stallFreeClock, pausedSenders, heartbeats, flushCycle };
    const { intake, resultBackpressure, flowControl, lagControl } = createFlow(ports.place?.flow, flowPorts);
    const proposals = new Proposals({ clock, log: intake, timers });
    const absenceTimers = new AbsenceTimers(clock, timers);
    const deadlines = new CommandDeadlines({ proposals, clock });
    const commandFrames = new CommandFrames(frameBytesMax);
    const { cluster } = ports.place ?? {};
    const welcomeFrames = new WelcomeFrames({
      config,
      serverName,
      cluster,
      featuresOf: group => log.featuresOf(group),
    });

    const unreadBytes = new UnreadBytes(config.RANKD_UNREAD_BYTES_MAX);
    const unflushedSessions = new UnflushedSessions({ queue: new FlushQueue(flushCycle), flowControl });
    const pendingChannels = new FlushQueue<GroupChannel>(flushCycle);
    const events = new EventReporter({ flushCycle, sessions, watch, overhear });
    const helloWatchdog = new HelloWatchdog({ config, stallFreeClock });

    const createChannel = (group: Group, watchers: GroupWatchers): GroupChannel => {
      const fanOut = new FanOut(group, { sessions, unflushedSessions, flowControl, unreadBytes });
      const views = new ViewSender(group, watchers, { frameBytesMax, clock, fanOut, heartbeats, events });
      const waitlist = new WaitlistPositions(group, { config, sessions });
      return new GroupChannel(group, { views, waitlist, fanOut, commandFrames, pendingChannels });
    };
    const channels = new GroupChannels({ groups: log.groups, pendingChannels, createChannel });

    const leaderYield = new LeaderYield({ proposals, sessions, channels, heartbeats, absenceTimers });
    const stalenessGuard = new LogStalenessGuard({ log, sessions, channels, leaderYield, heartbeats });
    const ticker = new Ticker(clock, TICK_MS, () => {
      stallFreeClock.tick();
      stalenessGuard.checkLog();
      helloWatchdog.endSilent();
      heartbeats.checkHeartbeats();
      flowControl.tick();
    });
    const shutdown = new Shutdown(TICK_MS, { clock, log, sessions, flushCycle, ticker });
    const availability = new Availability({
      shutdown,
      stalenessGuard,
      isWaiting: ports.adopt !== undefined,
      intake,
      isClosedTo: ports.isClosedTo ?? (() => false),
    });
    const departures = new DepartureProposals({ proposals, log, shutdown, heartbeats, absenceTimers });

    this.effectPerformer = new EffectPerformer({
      channels,
      membership: new MembershipEffects({
        sessions,
        departures,
        welcomes: new WelcomeSender({ welcomeFrames, stalenessGuard }),
        mirror: { publish, publishSeat },
        events,
      }),
      leadership: new LeadershipEffects({ sessions, leaderYield, stalenessGuard }),
      commands: new AnswerEffects({ sessions, channels, commandFrames, deadlines, events }),
      events,
    });

    const { RANKD_OBSERVERS_MAX: observersMax, RANKD_DEAD_MS: deadMs } = config;
    const members = new MemberAdmission({ proposals, randomBytes });
    const observers = new ObserverAdmission(observersMax, {
      groups: log.groups,
      channels,
      welcomeFrames,
      events,
      randomBytes,
    });
    const admission = new AdmissionDispatch({ log, availability, heartbeats, members, observers });
    const command = { payloadBytesMax, intake, channels, events, availability };
    const { adopt = () => false } = ports;
    const handlers = new MessageHandlers({
      hello: {
        tokens: config,
        availability,
        request: { keepalive: { heartbeatMs, deadMs }, stallFreeClock, randomBytes },
        admission,
      },
      resumption: { intake },
      ping: { clock },
      pong: { stallFreeClock, pausedSenders, resultBackpressure },
      command,
      admin: { ...command, adopt },
      result: { payloadBytesMax, intake, resultBackpressure },
      yielded: { leaderYield },
      resign: { log },
      roster: { rosterFrames: new RosterFrames(frameBytesMax), clock, log, channels },
      history: { historyFrames: new HistoryFrames(frameBytesMax), clock, log },
    });
    const readRounds = new ReadRounds<Session>({ clock, flushCycle, handlers });
    flushCycle.setStages([intake, readRounds, channels, unflushedSessions, events]);
    const connectionLimiter = new ConnectionLimiter(config.RANKD_CONNECTIONS_PER_IP_MAX);
    this.#registry = new SessionRegistry(
      {
        sessions,
        holders: [
          readRounds,
          unflushedSessions,
          channels,
          flowControl,
          resultBackpressure,
          intake,
          helloWatchdog,
          heartbeats,
        ],
        closeListeners: [leaderYield, connectionLimiter],
        departures,
        events,
      },
      { frameBytesMax, retryAfterMs: heartbeatMs, backlogBytesMax, stallMs, unreadBytes },
      { clock, traffic: this.traffic, unflushedSessions, readRounds },
    );

    this.#config = config;
    this.#clock = clock;
    this.log = log;
    this.channels = channels;
    this.stalenessGuard = stalenessGuard;
    this.shutdown = shutdown;
    this.#sessions = sessions;
    this.#unreadBytes = unreadBytes;
    this.#connectionLimiter = connectionLimiter;
    this.#helloWatchdog = helloWatchdog;
    this.#availability = availability;

    log.onApplied((entry, effects, origin) => {
      this.effectPerformer.performEntry(entry, effects, origin);
      if (origin === 'here') intake.recordApplied(entry);
      lagControl.recordApplied(entry, effects);
      if (entry.kind === 'result') resultBackpressure.recordApplied(entry, effects, origin);
    });
    log.onGroupLoaded(({ name }) => channels.open(name));
    log.onGroupsUnloaded(groups => {
      deadlines.cancelAll(groups);
      channels.closeAll(groups);
      for (const { name } of groups) ports.unpublish(name);
    });
  }

  /** The number of open sessions. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** The bytes that wait for all sessions together. Bytes that sessions share count once. */
  get unreadBytes(): number {
    return this.#unreadBytes.total;
  }

  /** The largest backlog of any session. A backlog is the bytes that wait for one session. */
  get backlogBytesLargest(): number {
    let largest = 0;
    for (const session of this.#sessions.values()) largest = Math.max(largest, session.outbox.backlogBytes);
    return largest;
  }

  /**
   * Appends the groups as they were before a restart (R-VIEW-6). `seats` are the seats by group, in the order of rank. Called before a
   * client connects.
   */
  restore(seats: ReadonlyMap<string, readonly KeptSeat[]>): void {
    const at = this.#clock.wallMs();
    for (const [group, kept] of seats) this.log.append({ kind: 'restored', group, at, seats: kept });
  }

  /**
   * Opens a session for a new connection. Returns the session, which receives the bytes of the client. The client has
   * RANKD_HELLO_TIMEOUT_MS to send `hello` (R-JOIN-1). Ends the session with RATE_LIMITED if its address has too many connections, and
   * with DRAINING or UNAVAILABLE if this server accepts no sessions.
   */
  accept(connection: Connection): ConnectionListener {
    const session = this.#registry.openSession(connection);
    const isUnderLimit = this.#connectionLimiter.addConnection(connection);
    const { refusalAtOnce: refusal } = this.#availability;
    if (!isUnderLimit)
      session.turnAway(
        'RATE_LIMITED',
        `the address has ${this.#config.RANKD_CONNECTIONS_PER_IP_MAX} connections, the limit of RANKD_CONNECTIONS_PER_IP_MAX`,
      );
    else if (refusal !== undefined) session.turnAway(refusal);
    else this.#helloWatchdog.addSession(session);
    return session;
  }
}
