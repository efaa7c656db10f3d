import { randomBytes } from 'node:crypto';
import { limits, type ErrorCode, type ReceiptMessage } from '@rankd/protocol';
import type { Clock } from '../clock.js';
import type { ServerConfig } from '../config.js';
import type { MemberId, RosterChangedEffect, SessionId } from '../core/index.js';
import type { OrderedLog } from '../log/ordered-log.js';
import type { Watcher } from '../server-event.js';
import type { Connection, ConnectionListener } from './connection.js';
import { GroupDesk } from './group-desk.js';
import { LivedClock } from './keepalive.js';
import type { Traffic } from './outbox.js';
import { Performer } from './performer.js';
import { Session, type SessionState } from './session.js';

/** How often pulses, greetings and stalls are looked at. */
const TICK_MS = 50;

export interface GatewayPorts {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly log: OrderedLog;
  readonly serverName: string;
  readonly watch: Watcher;
  /** A group has a newer view; the mirror wants to know. */
  readonly publish: (group: GroupDesk['group'], change: RosterChangedEffect) => void;
}

/** All sessions of this server: takes connections, feeds the log with proposals, performs what comes back. */
export class Gateway {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly log: OrderedLog;
  readonly serverName: string;
  readonly watch: Watcher;
  readonly traffic: Traffic = { receivedBytes: 0, sentBytes: 0 };
  readonly payloadBytesMax: number;
  readonly #publish: GatewayPorts['publish'];
  readonly #sessions = new Map<SessionId, Session>();
  readonly #desks = new Map<string, GroupDesk>();
  readonly #lived: LivedClock;
  #toFlush = new Set<Session>();
  #flushing: 'idle' | 'scheduled' = 'idle';
  #accepting: 'open' | 'draining' = 'open';
  #sessionsOpened = 0;
  #stopTicking: () => void = () => undefined;

  constructor(ports: GatewayPorts) {
    this.config = ports.config;
    this.clock = ports.clock;
    this.log = ports.log;
    this.serverName = ports.serverName;
    this.watch = ports.watch;
    this.#publish = ports.publish;
    this.payloadBytesMax = ports.config.RANKD_FRAME_BYTES_MAX - limits.frameOverheadBytes;
    this.#lived = new LivedClock(TICK_MS, () => ports.clock.monotonicMs());
    const performer = new Performer(this);
    ports.log.onApplied((entry, effects) => performer.perform(entry, effects));
    this.#scheduleTick();
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

  desk(name: string): GroupDesk {
    const group = this.log.coordinator.groups.get(name);
    const desk = this.#desks.get(name);
    // A group that has just lost its last member is no longer among the groups, but its desk still is.
    if (desk !== undefined && (group === undefined || desk.group === group)) return desk;
    if (group === undefined) throw new Error(`there is no group ${name}`);
    const opened = new GroupDesk(group);
    this.#desks.set(name, opened);
    return opened;
  }

  /** Never used again: 64 random bits, and short enough to be typed. */
  mintMemberId(): MemberId {
    return `m${randomBytes(8).toString('hex')}`;
  }

  /** A peer has connected; it has until RANKD_HELLO_TIMEOUT_MS to say hello. */
  accept(connection: Connection): ConnectionListener {
    this.#sessionsOpened += 1;
    const session = new Session(`s${this.#sessionsOpened}`, connection, this);
    this.#sessions.set(session.id, session);
    if (this.#accepting === 'draining') session.end('DRAINING', undefined, this.config.RANKD_HEARTBEAT_MS);
    return {
      received: bytes => session.received(bytes),
      closed: () => session.closed(),
    };
  }

  needsFlush(session: Session): void {
    this.#toFlush.add(session);
    this.#scheduleFlush();
  }

  groupChanged(desk: GroupDesk, change: RosterChangedEffect): void {
    this.#publish(desk.group, change);
    this.#scheduleFlush();
  }

  refuseCommand(session: Session, receipt: ReceiptMessage, name: string): void {
    const { state } = session;
    if (state.phase !== 'active') return;
    const { member, group } = state;
    this.desk(group.name).tell(session);
    session.say(receipt);
    const rank = group.roster.rankOf(member);
    const code = receipt.code ?? '';
    this.watch({ event: 'command.refused', group: group.name, name, member: member.id, from: member.name, rank, code });
  }

  /** A session is over, whichever side ended it: what it stood for leaves the order. */
  sessionEnded(session: Session, before: SessionState, code: ErrorCode | 'CLOSED', detail: string): void {
    this.#sessions.delete(session.id);
    this.#toFlush.delete(session);
    if (before.phase === 'active') {
      const { member, group } = before;
      this.watch({ event: 'session.closed', session: session.id, member: member.id, code });
      this.log.append({ kind: 'left', group: group.name, at: this.clock.wallMs(), member: member.id, reason: code });
    } else if (code !== 'CLOSED') {
      const { address } = session.connection;
      this.watch({ event: 'session.refused', session: session.id, address, code, detail });
    }
  }

  /** R-BYE-2: nothing new from here on; resolves when no command is open any more, or after `drainMs`. */
  async drain(drainMs: number): Promise<void> {
    this.#accepting = 'draining';
    this.log.append({ kind: 'frozen', at: this.clock.wallMs() });
    const until = this.clock.monotonicMs() + drainMs;
    while (this.#commandsOpen() > 0 && this.clock.monotonicMs() < until) {
      await new Promise<void>(resolve => this.clock.after(Math.min(TICK_MS, drainMs), resolve));
    }
  }

  /** R-BYE-2: every session gets its `bye`, told to come back at different times. */
  sayGoodbye(retryAfterMsMax: number): void {
    this.#flush();
    const sessions = [...this.#sessions.values()];
    for (const [index, session] of sessions.entries()) {
      session.end('DRAINING', undefined, Math.round((retryAfterMsMax * (index + 1)) / sessions.length));
    }
    this.#stopTicking();
  }

  #commandsOpen(): number {
    let open = 0;
    for (const group of this.log.coordinator.groups.values()) open += group.commands.size;
    return open;
  }

  #scheduleFlush(): void {
    if (this.#flushing === 'scheduled') return;
    this.#flushing = 'scheduled';
    this.clock.soon(() => this.#flush());
  }

  /** What has happened together is told together: one view a member, one write a session. */
  #flush(): void {
    this.#flushing = 'idle';
    for (const [name, desk] of this.#desks) {
      this.#tellGroup(desk);
      if (this.log.coordinator.groups.get(name) !== desk.group) this.#desks.delete(name);
    }
    const sessions = this.#toFlush;
    this.#toFlush = new Set();
    for (const session of sessions) session.outbox.flush();
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
      for (const session of this.#sessions.values()) this.#check(session);
      this.#scheduleTick();
    });
    this.#stopTicking = () => timer.cancel();
  }

  #check(session: Session): void {
    const { state } = session;
    const nowMs = this.livedMs;
    if (session.outbox.isStalled(nowMs))
      session.end('SLOW_CONSUMER', `nothing read for ${this.config.RANKD_STALL_MS} ms`);
    if (state.phase === 'greeting' && nowMs - state.openedAtMs >= this.config.RANKD_HELLO_TIMEOUT_MS) {
      session.end('HELLO_TIMEOUT', `${this.config.RANKD_HELLO_TIMEOUT_MS} ms`);
    }
    if (state.phase !== 'active' || state.pulse === undefined) return;
    const verdict = state.pulse.check(nowMs);
    if (verdict === 'dead') session.end('HEARTBEAT_TIMEOUT', `silent for ${this.config.RANKD_DEAD_MS} ms`);
    else if (verdict === 'ping') session.say({ type: 'ping', ...state.pulse.ping(nowMs) });
  }
}
