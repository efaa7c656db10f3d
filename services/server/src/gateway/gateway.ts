import { limits, type ErrorCode } from '@rankd/protocol';
import type { Clock } from '../clock.js';
import type { ServerConfig } from '../config.js';
import type { Group, KeptSeat, Member, MemberId, RosterChangedEffect, SessionId } from '../core/index.js';
import type { OrderedLog } from '../log/ordered-log.js';
import type { ServerEvent, Watcher } from '../server-event.js';
import { AddressBook } from './address-book.js';
import { Alarms } from './alarms.js';
import type { Connection, ConnectionListener } from './connection.js';
import { Flow } from './flow.js';
import { rejection } from './frames.js';
import { GroupDesk } from './group-desk.js';
import { LivedClock } from './keepalive.js';
import type { OutboxLimits, Traffic } from './outbox.js';
import { Performer } from './performer.js';
import { Session } from './session.js';
import type { ActiveState, ObservingState, SessionState } from './session-state.js';
import { Stopping } from './stopping.js';
import { Turn } from './turn.js';
import { unguessable } from './unguessable.js';
import { Vigil } from './vigil.js';

/** How much may be under way to a recipient before it is written. */
const TURN_CHARS_MAX = 1_048_576;
/** How often pulses, greetings and stalls are looked at. */
const TICK_MS = 50;

export interface GatewayPorts {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly log: OrderedLog;
  readonly serverName: string;
  readonly watch: Watcher;
  /** A group has a newer view; the mirror wants to know. */
  readonly publish: (group: Group, change: RosterChangedEffect) => void;
  /** A seat has another secret. */
  readonly publishSeat: (group: Group, member: Member) => void;
}

/** All sessions of this server: takes connections, feeds the log with proposals, performs what comes back. */
export class Gateway {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly log: OrderedLog;
  readonly serverName: string;
  readonly traffic: Traffic = { receivedBytes: 0, sentBytes: 0 };
  readonly payloadBytesMax: number;
  readonly outboxLimits: OutboxLimits;
  readonly flow: Flow;
  readonly stopping: Stopping;
  readonly alarms: Alarms;
  readonly publishSeat: GatewayPorts['publishSeat'];
  readonly #publish: GatewayPorts['publish'];
  readonly #turn: Turn;
  readonly #sessions = new Map<SessionId, Session>();
  readonly #desks = new Map<string, GroupDesk>();
  /** Sessions that watch a group, which need not exist. */
  readonly #watchers = new Map<string, Set<Session>>();
  readonly #addresses: AddressBook;
  readonly #lived: LivedClock;
  /** A recipient further behind than this slows those who send to it. */
  readonly #slowBytes: number;
  readonly #vigil: Vigil;
  #accepting: 'open' | 'draining' = 'open';
  #sessionsOpened = 0;
  #stopTicking: () => void = () => undefined;

  constructor(ports: GatewayPorts) {
    const { config, clock, log } = ports;
    this.config = config;
    this.clock = clock;
    this.log = log;
    this.serverName = ports.serverName;
    this.alarms = new Alarms(clock);
    this.#turn = new Turn({
      clock,
      settle: desk => this.#settle(desk),
      written: session => this.#vigil.written(session),
      watch: ports.watch,
    });
    this.#publish = ports.publish;
    this.publishSeat = ports.publishSeat;
    this.payloadBytesMax = config.RANKD_FRAME_BYTES_MAX - limits.frameOverheadBytes;
    const session = (id: string): Session | undefined => this.session(id);
    this.stopping = new Stopping(this);
    this.#addresses = new AddressBook(config.RANKD_CONNECTIONS_PER_IP_MAX);
    this.#lived = new LivedClock(TICK_MS, () => clock.monotonicMs());
    this.outboxLimits = { backlogBytesMax: config.RANKD_BACKLOG_BYTES_MAX, stallMs: config.RANKD_STALL_MS };
    this.#slowBytes = config.RANKD_BACKLOG_BYTES_MAX / 4;
    const flowSettings = { slowBytes: this.#slowBytes, stallMs: config.RANKD_STALL_MS };
    this.flow = new Flow(flowSettings, session, () => this.livedMs);
    this.#vigil = new Vigil(this, TICK_MS);
    const performer = new Performer(this);
    log.onApplied((entry, effects) => performer.perform(entry, effects));
    this.#scheduleTick();
  }

  /** Whoever watches hears of it after the members: nobody's promotion waits for a line of log. */
  watch(event: ServerEvent): void {
    this.#turn.brings(event);
  }

  /** R-BYE-2: it takes nobody new. */
  get isDraining(): boolean {
    return this.#accepting === 'draining';
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get observerCount(): number {
    let count = 0;
    for (const watchers of this.#watchers.values()) {
      for (const { state } of watchers) if (state.phase === 'observing') count += 1;
    }
    return count;
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

  desk(name: string): GroupDesk {
    const group = this.log.coordinator.groups.get(name);
    const desk = this.#desks.get(name);
    // A group that has just lost its last member is no longer among the groups, but its desk still is.
    if (desk !== undefined && (group === undefined || desk.group === group)) return desk;
    if (group === undefined) throw new Error(`there is no group ${name}`);
    // The group was created anew before everybody had heard of its end.
    if (desk !== undefined) this.#tellGroup(desk);
    const opened = new GroupDesk(group, this.watchersOf(name), {
      session: id => this.session(id),
      config: this.config,
      delivered: (recipient, senders) => this.flow.delivered(recipient, senders),
      beats: session => this.beats(session),
      livedMs: () => this.livedMs,
    });
    opened.beginEpoch();
    this.#desks.set(name, opened);
    return opened;
  }

  watchersOf(group: string): Set<Session> {
    const watchers = this.#watchers.get(group) ?? new Set();
    this.#watchers.set(group, watchers);
    return watchers;
  }

  /** R-VIEW-3: what the session has yet to hear comes before what it is sent next. */
  tell(session: Session): void {
    const { state } = session;
    if (state.phase === 'active' || state.phase === 'observing') this.#desks.get(state.asked.group)?.tell(session);
  }

  /** Never used again: 64 random bits, and short enough to be typed. */
  mintMemberId(): MemberId {
    return `m${unguessable(8, 'hex')}`;
  }

  /** R-VIEW-6: the orders of before a restart stand again, before anybody connects. */
  restore(orders: ReadonlyMap<string, readonly KeptSeat[]>): void {
    const at = this.clock.wallMs();
    for (const [group, seats] of orders) this.log.append({ kind: 'restored', group, at, seats });
  }

  /** A peer has connected; it has until RANKD_HELLO_TIMEOUT_MS to say hello. */
  accept(connection: Connection): ConnectionListener {
    this.#sessionsOpened += 1;
    const session = new Session(`s${this.#sessionsOpened}`, connection, this);
    this.#sessions.set(session.id, session);
    const { RANKD_HEARTBEAT_MS: laterMs, RANKD_CONNECTIONS_PER_IP_MAX: perIpMax } = this.config;
    if (!this.#addresses.opened(connection.host)) session.end('RATE_LIMITED', `${perIpMax} connections`, laterMs);
    else if (this.isDraining) session.end('DRAINING', undefined, laterMs);
    else this.#vigil.opened(session);
    let isOpen = true;
    return {
      received: bytes => session.received(bytes),
      closed: by => {
        session.closed(by);
        if (isOpen) this.#addresses.closed(connection.host);
        isOpen = false;
      },
    };
  }

  /** Something waits in this session's outbox. */
  writes(session: Session): void {
    this.#turn.writes(session);
  }

  /** This session is to be pinged from here on. */
  beats(session: Session): void {
    this.#vigil.beats(session);
  }

  /** Somebody in this group has something to be told. */
  touches(desk: GroupDesk): void {
    this.#turn.touches(desk);
  }

  /** R-FLOW-1: more than a recipient may be behind is not collected before anybody could take some of it. */
  delivering(desk: GroupDesk): void {
    this.touches(desk);
    if (desk.deliveries.chars < Math.min(TURN_CHARS_MAX, this.#slowBytes)) return;
    desk.deliveries.settle();
    this.#turn.write();
  }

  groupChanged(desk: GroupDesk, change: RosterChangedEffect): void {
    this.#publish(desk.group, change);
    this.touches(desk);
  }

  /**
   * The edge of a change: who has the first rank that moved hears of it at once, ahead of all that the turn still does. Once a
   * turn; whatever follows is told at its end.
   */
  tellFirst(group: string, { shifted }: RosterChangedEffect): void {
    const session = this.desk(group).takeEdge(shifted);
    if (session === undefined) return;
    this.tell(session);
    session.outbox.flush();
  }

  /** R-CMD-3: a command that goes no further than this server. */
  refuseCommand(
    session: Session,
    state: ActiveState | ObservingState,
    { id, name }: { readonly id: string; readonly name: string },
    code: 'PAYLOAD_TOO_LARGE' | 'NOT_A_MEMBER',
  ): void {
    this.tell(session);
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
      this.#watchers.get(before.asked.group)?.delete(session);
      this.#forgetWatchers(before.asked.group);
      this.watch({ event: 'session.closed', session: session.id, code });
    } else if (code !== 'CLOSED') {
      const { address } = session.connection;
      this.watch({ event: 'session.refused', session: session.id, address, code, detail });
    }
    this.#vigil.ended(session, before);
    this.#proposeDeparture(session, before, code);
  }

  #proposeDeparture(session: Session, before: SessionState, code: ErrorCode | 'CLOSED'): void {
    if (before.phase === 'greeting' || before.phase === 'closing') return;
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

  /** R-BYE-2: nothing new from here on; resolves when no command is open any more, or after `drainMs`. */
  async drain(drainMs: number): Promise<void> {
    this.#accepting = 'draining';
    this.log.append({ kind: 'frozen', at: this.clock.wallMs() });
    const until = this.clock.monotonicMs() + drainMs;
    while (this.#commandsOpen() > 0 && this.clock.monotonicMs() < until) {
      await new Promise<void>(resolve => void this.clock.after(Math.min(TICK_MS, drainMs), resolve));
    }
  }

  /** R-BYE-2: every session gets its `bye`, told to come back at different times. */
  sayGoodbye(retryAfterMsMax: number): void {
    this.#turn.end();
    const sessions = [...this.#sessions.values()];
    for (const [index, session] of sessions.entries()) {
      session.end('DRAINING', undefined, Math.round((retryAfterMsMax * (index + 1)) / sessions.length));
    }
    this.#stopTicking();
  }

  #commandsOpen(): number {
    let open = 0;
    for (const group of this.log.coordinator.groups.values()) open += group.commandsOpen;
    return open;
  }

  #settle(desk: GroupDesk): void {
    this.#tellGroup(desk);
    desk.deliveries.settle();
    const { name } = desk.group;
    if (this.log.coordinator.groups.get(name) !== desk.group && this.#desks.get(name) === desk) this.#closeDesk(name);
  }

  #closeDesk(name: string): void {
    this.#desks.delete(name);
    this.#forgetWatchers(name);
  }

  /** A group that nobody is in and nobody watches leaves nothing behind. */
  #forgetWatchers(group: string): void {
    if (!this.#desks.has(group) && this.#watchers.get(group)?.size === 0) this.#watchers.delete(group);
  }

  #tellGroup(desk: GroupDesk): void {
    const { promotions, delayMs } = desk.tellAll(this.clock.monotonicMs());
    if (promotions.length === 0) return;
    const { name: group, view } = desk.group;
    this.watch({ event: 'members.promoted', group, view, promotions, delayMs });
  }

  #scheduleTick(): void {
    const timer = this.clock.after(TICK_MS, () => {
      this.#lived.tick();
      this.#vigil.tick();
      this.#scheduleTick();
    });
    this.#stopTicking = () => timer.cancel();
  }
}
