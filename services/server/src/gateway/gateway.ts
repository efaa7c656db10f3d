import { limits, type ErrorCode } from '@rankd/protocol';
import type { Clock } from '../clock.js';
import type { ServerConfig } from '../config.js';
import type {
  Effect,
  Group,
  KeptSeat,
  Member,
  MemberId,
  RosterChangedEffect,
  ServerId,
  SessionId,
} from '../core/index.js';
import type { OrderedLog, Origin } from '../log/ordered-log.js';
import type { ServerEvent, Watcher } from '../server-event.js';
import { ConnectionLimiter } from './transport/connection-limiter.js';
import { DeadlineTimers } from './liveness/deadline-timers.js';
import type { Connection, ConnectionListener } from './transport/connection.js';
import { Shutdown } from './shutdown.js';
import { GroupChannels } from './delivery/group-channels.js';
import { LogStalenessGuard } from './liveness/log-staleness-guard.js';
import { FlowControl } from './delivery/flow-control.js';
import { CommandFrames, rejection } from './frames/command-frames.js';
import type { GroupChannel } from './delivery/group-channel.js';
import { StallFreeClock, type Heartbeat } from './liveness/keepalive.js';
import type { OutboxLimits, Traffic } from './session/outbox.js';
import { EffectPerformer } from './delivery/effect-performer.js';
import { WelcomeFrames } from './frames/welcome-frame.js';
import { Session } from './session/session.js';
import type { ActiveState, ObservingState, SessionState } from './session/session-state.js';
import { LeaderYield } from './liveness/leader-yield.js';
import { FlushCycle } from './delivery/flush-cycle.js';
import { SessionWatchdog } from './liveness/session-watchdog.js';

/** How much may be under way to a recipient before it is written. */
const TURN_CHARS_MAX = 1_048_576;
/** How often pulses, greetings and stalls are looked at. */
const TICK_MS = 50;

/** Where in a cluster a server stands. */
export interface ClusterPlace {
  readonly cluster: string;
  readonly server: ServerId;
}

export interface GatewayPorts {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly log: OrderedLog;
  /** What ids and secrets are made of: nobody can guess it. */
  readonly randomBytes: (size: number) => Buffer;
  readonly serverName: string;
  /** In a cluster: which, and which of its servers this is, in this life. */
  readonly place?: ClusterPlace;
  readonly watch: Watcher;
  /** What another server of the cluster has brought about, and counts. */
  readonly overhear: Watcher;
  /** A group has a newer view; the mirror wants to know. */
  readonly publish: (group: Group, change: RosterChangedEffect) => void;
  /** What becomes of a group is for other servers to tell. */
  readonly unpublish: (group: string) => void;
  /** A seat has another secret. */
  readonly publishSeat: (group: Group, member: Member) => void;
}

/** All sessions of this server: takes connections, feeds the log with proposals, performs what comes back. */
export class Gateway {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly log: OrderedLog;
  readonly traffic: Traffic = { receivedBytes: 0, sentBytes: 0 };
  readonly payloadBytesMax: number;
  readonly outboxLimits: OutboxLimits;
  readonly flow: FlowControl;
  readonly desks: GroupChannels;
  readonly stopping: LeaderYield;
  readonly doubt: LogStalenessGuard;
  readonly closing: Shutdown;
  readonly alarms: DeadlineTimers;
  readonly commandFrames: CommandFrames;
  readonly welcomeFrames: WelcomeFrames;
  readonly randomBytes: GatewayPorts['randomBytes'];
  readonly publishSeat: GatewayPorts['publishSeat'];
  readonly #publish: GatewayPorts['publish'];
  readonly #overhear: Watcher;
  /** What the ids of this server's sessions begin with. */
  readonly #idsBegin: string;
  readonly #performer: EffectPerformer;
  readonly #turn: FlushCycle;
  readonly #sessions = new Map<SessionId, Session>();
  readonly #addresses: ConnectionLimiter;
  readonly #lived: StallFreeClock;
  /** A recipient further behind than this slows those who send to it. */
  readonly #slowBytes: number;
  readonly #vigil: SessionWatchdog;
  /** Of the entry that is being performed. */
  #origin: Origin = 'here';
  #sessionsOpened = 0;
  #stopTicking: () => void = () => undefined;

  constructor(ports: GatewayPorts) {
    const { config, clock, log } = ports;
    this.config = config;
    this.clock = clock;
    this.log = log;
    this.alarms = new DeadlineTimers(clock);
    this.desks = new GroupChannels(this);
    this.#turn = new FlushCycle({
      clock,
      settle: desk => this.desks.settle(desk),
      written: session => this.#vigil.written(session),
      watch: ports.watch,
    });
    this.randomBytes = ports.randomBytes;
    this.#publish = ports.publish;
    this.#overhear = ports.overhear;
    this.commandFrames = new CommandFrames(config.RANKD_FRAME_BYTES_MAX);
    this.welcomeFrames = new WelcomeFrames({
      config,
      serverName: ports.serverName,
      cluster: ports.place?.cluster,
    });
    this.#idsBegin = ports.place === undefined ? 's' : `${ports.place.server}/s`;
    this.doubt = new LogStalenessGuard(this);
    this.publishSeat = ports.publishSeat;
    this.payloadBytesMax = config.RANKD_FRAME_BYTES_MAX - limits.frameOverheadBytes;
    const session = (id: string): Session | undefined => this.session(id);
    this.stopping = new LeaderYield(this);
    this.closing = new Shutdown(this, TICK_MS);
    this.#addresses = new ConnectionLimiter(config.RANKD_CONNECTIONS_PER_IP_MAX);
    this.#lived = new StallFreeClock(TICK_MS, () => clock.monotonicMs());
    this.outboxLimits = { backlogBytesMax: config.RANKD_BACKLOG_BYTES_MAX, stallMs: config.RANKD_STALL_MS };
    this.#slowBytes = config.RANKD_BACKLOG_BYTES_MAX / 4;
    const flowSettings = { slowBytes: this.#slowBytes, stallMs: config.RANKD_STALL_MS };
    this.flow = new FlowControl(flowSettings, session, () => this.livedMs);
    this.#vigil = new SessionWatchdog(this, TICK_MS);
    this.#performer = new EffectPerformer(this);
    log.onApplied((entry, effects, origin) => {
      this.#origin = origin;
      this.#performer.perform(entry, effects);
      this.#origin = 'here';
    });
    log.onFound(({ name }) => this.desks.open(name));
    log.onLeft(groups => {
      for (const group of groups) this.desks.leave(group);
      for (const { name } of groups) ports.unpublish(name);
    });
    this.#scheduleTick();
  }

  /** Whoever watches hears of it after the members: nobody's promotion waits for a line of log. */
  watch(event: ServerEvent): void {
    this.#turn.brings(event);
  }

  /** Something that the order has brought about: it counts at the server whose entry brought it about. */
  report(event: ServerEvent): void {
    if (this.#origin === 'here') this.watch(event);
    else this.#overhear(event);
  }

  /** The same of what one session has brought about, by its own server where it is still there to hear of it. */
  reportTo(session: SessionId | undefined, event: ServerEvent): void {
    if (session === undefined) this.report(event);
    else if (this.isOurs(session)) this.watch(event);
    else this.#overhear(event);
  }

  /** Is, or was, this session one of this server's? */
  isOurs(session: SessionId): boolean {
    return session.startsWith(this.#idsBegin);
  }

  /** R-BYE-2: why it takes nobody and nothing new. What the order itself refuses is not among it. */
  get refusal(): 'DRAINING' | 'UNAVAILABLE' | undefined {
    return this.closing.refusal ?? (this.doubt.isThere ? 'UNAVAILABLE' : undefined);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Time that this server has lived through, in ms: stands still while its loop does. */
  get livedMs(): number {
    return this.#lived.nowMs;
  }

  /** The largest number of bytes that wait for one session. */
  get backlogBytesLargest(): number {
    let largest = 0;
    for (const session of this.#sessions.values()) largest = Math.max(largest, session.outbox.backlogBytes);
    return largest;
  }

  session(id: SessionId): Session | undefined {
    return this.#sessions.get(id);
  }

  /** As they are now. */
  get sessions(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  /** Nothing more comes of the clock, once what this turn brings has been told. */
  stop(): void {
    this.#turn.end();
    this.#stopTicking();
  }

  desk(name: string): GroupChannel {
    return this.desks.open(name);
  }

  /** Never used again: 64 random bits, and short enough to be typed. */
  mintMemberId(): MemberId {
    return `m${this.randomBytes(8).toString('hex')}`;
  }

  /** R-VIEW-6: the orders of before a restart stand again, before anybody connects. */
  restore(orders: ReadonlyMap<string, readonly KeptSeat[]>): void {
    const at = this.clock.wallMs();
    for (const [group, seats] of orders) this.log.append({ kind: 'restored', group, at, seats });
  }

  /** A peer has connected; it has until RANKD_HELLO_TIMEOUT_MS to say hello. */
  accept(connection: Connection): ConnectionListener {
    this.#sessionsOpened += 1;
    const session = new Session(`${this.#idsBegin}${this.#sessionsOpened}`, connection, this);
    this.#sessions.set(session.id, session);
    const { RANKD_HEARTBEAT_MS: laterMs, RANKD_CONNECTIONS_PER_IP_MAX: perIpMax } = this.config;
    if (!this.#addresses.opened(connection.host)) session.end('RATE_LIMITED', `${perIpMax} connections`, laterMs);
    else if (this.refusal !== undefined) session.end(this.refusal, undefined, laterMs);
    else this.#vigil.opened(session);
    let isOpen = true;
    return {
      received: bytes => session.received(bytes),
      closed: by => {
        session.closed(by);
        if (isOpen) this.#addresses.closed(connection.host);
        isOpen = false;
      },
      unfit: (code, reason) => session.refuse(code, reason),
    };
  }

  /** Something waits in this session's outbox. */
  writes(session: Session): void {
    this.#turn.writes(session);
  }

  /** Nothing waits in its outbox any more. */
  written(session: Session): void {
    this.#turn.forget(session);
    this.#vigil.written(session);
  }

  /** This session is to be pinged from here on. */
  beats(session: Session, pulse: Heartbeat): void {
    this.#vigil.beats(session, pulse);
  }

  /** Somebody in this group has something to be told. */
  touches(desk: GroupChannel): void {
    this.#turn.touches(desk);
  }

  /** R-FLOW-1: more than a recipient may be behind is not collected before anybody could take some of it. */
  delivering(desk: GroupChannel): void {
    this.touches(desk);
    if (desk.deliveries.chars < Math.min(TURN_CHARS_MAX, this.#slowBytes)) return;
    desk.deliveries.send();
    this.#turn.write();
  }

  groupChanged(desk: GroupChannel, change: RosterChangedEffect): void {
    this.#publish(desk.group, change);
    this.touches(desk);
  }

  /**
   * The edge of a change: a new leader hears of it at once, ahead of all that the turn still does. Once a turn; whatever
   * follows is told at its end.
   */
  tellFirst(group: string, { shifted }: RosterChangedEffect): void {
    const session = this.desk(group).takeEdge(shifted);
    if (session === undefined) return;
    this.desks.tell(session);
    session.outbox.flush();
  }

  /** R-CMD-3: a command that goes no further than this server. */
  refuseCommand(
    session: Session,
    state: ActiveState | ObservingState,
    { id, name }: { readonly id: string; readonly name: string },
    code: 'PAYLOAD_TOO_LARGE' | 'NOT_A_MEMBER' | 'DRAINING' | 'UNAVAILABLE',
  ): void {
    this.desks.tell(session);
    session.say(
      rejection(id, code, code === 'PAYLOAD_TOO_LARGE' ? `at most ${this.payloadBytesMax} bytes` : undefined),
    );
    const sender = state.phase === 'active' ? state.member : state;
    const rank = state.phase === 'active' ? state.group.roster.rankOf(state.member) : -1;
    const facts = { group: state.asked.group, name, member: sender.id, from: sender.name, rank };
    this.watch({ event: 'command.refused', ...facts, code });
  }

  /** A session is over, whichever side ended it: what it stood for departs. */
  sessionEnded(session: Session, before: SessionState, code: ErrorCode | 'CLOSED', detail: string): void {
    this.#sessions.delete(session.id);
    this.#turn.forget(session);
    if (before.phase !== 'greeting' && before.phase !== 'closing') {
      this.desks.forget(session, before.asked.group);
      this.watch({ event: 'session.closed', session: session.id, code });
    } else if (code !== 'CLOSED') {
      const { address } = session.connection;
      this.watch({ event: 'session.refused', session: session.id, address, code, detail });
    }
    this.#vigil.ended(session, before);
    this.#proposeDeparture(session, before, code);
    if (before.phase !== 'closing' && before.asked !== undefined) this.log.release(before.asked.group);
  }

  #proposeDeparture(session: Session, before: SessionState, code: ErrorCode | 'CLOSED'): void {
    if (before.phase === 'greeting' || before.phase === 'closing' || this.closing.isOver) return;
    const placed = { group: before.asked.group, at: this.clock.wallMs(), session: session.id };
    if (before.phase === 'waiting') this.log.append({ kind: 'waiting-left', ...placed });
    if (before.asked.isAdmin) this.log.append({ kind: 'admin-gone', ...placed });
    if (before.phase !== 'active') return;
    const lost = code === 'CLOSED' || code === 'HEARTBEAT_TIMEOUT';
    const how = code === 'LEFT' ? 'goodbye' : lost ? 'lost' : 'ended';
    this.log.append({ kind: 'departed', ...placed, member: before.member.id, how, reason: code });
  }

  /** R-LEAD-1: how long until a client that was heard of last through this session has certainly suspended itself. */
  untilSuspendedMs(session: SessionId): number {
    return this.#vigil.untilSuspendedMs(session, this.config.RANKD_SUSPEND_MS);
  }

  /** Sees whether the log tells how things stand; done by the clock, before anything is renewed. */
  look(): void {
    this.doubt.look(this.#sessions.values(), this.log.isCurrent());
  }

  /** Effects whose timers had other servers, or an earlier life of this one. */
  recall(group: string, effects: readonly Effect[]): void {
    this.#performer.performIn(group, effects);
  }

  #scheduleTick(): void {
    const timer = this.clock.after(TICK_MS, () => {
      this.#lived.tick();
      this.look();
      this.#vigil.tick();
      this.#scheduleTick();
    });
    this.#stopTicking = () => timer.cancel();
  }
}
