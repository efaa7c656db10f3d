import type { Clock } from '../../clock.js';
import type { ServerConfig } from '../../config.js';
import type { SessionId } from '../../core/index.js';
import type { OpenSessions } from '../session/open-sessions.js';
import { heartbeatOf, type SessionState } from '../session/session-state.js';
import type { Session } from '../session/session.js';
import type { DeadlineTimers } from './deadline-timers.js';
import type { Heartbeat } from './keepalive.js';
import { TimerWheel } from './timer-wheel.js';

/** R-JOIN-1: for this long a session may be silent before it counts as one that has yet to say hello. */
const HELLO_PATIENCE_MS = 250;
/** A rush: the server is idle for less of its time than this, or so many connect within a tick; and a while after. */
const IDLE_SHARE_MIN = 0.5;
const RUSH_SESSIONS_MIN = 50;
const RUSH_MS = 500;
/** How many times as many may be without hello in a rush: ten thousand that come at once all get in. */
const PENDING_IN_RUSH = 16;

export interface SessionWatchdogPorts {
  readonly config: ServerConfig;
  readonly clock: Pick<Clock, 'monotonicMs' | 'idleMs'>;
  readonly stallFreeClock: { readonly nowMs: number };
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly timers: Pick<DeadlineTimers, 'after'>;
  readonly flowControl: { excusesSilence(session: Session): boolean };
}

/**
 * Ends sessions that say no hello in time or answer no pings, sends the pings, and knows when each leader was last heard. Looks
 * only at sessions with something due: an idle session costs nothing.
 */
export class SessionWatchdog {
  readonly #ports: SessionWatchdogPorts;
  /** In the order in which they were opened. */
  readonly #greeting = new Set<Session>();
  /** Sessions that are pinged, by when something is due. */
  readonly #pinged: TimerWheel<Session>;
  /** Sessions that we have ended, with the stall-free time at which their members were last heard. */
  readonly #lastHeardMs = new Map<SessionId, number>();
  #tickedAtMs = 0;
  #idleMs = 0;
  #openedInTick = 0;
  #rushUntilMs = 0;

  constructor(tickMs: number, ports: SessionWatchdogPorts) {
    this.#ports = ports;
    this.#pinged = new TimerWheel(tickMs, ports.stallFreeClock.nowMs);
  }

  addSession(session: Session): void {
    this.#greeting.add(session);
    this.#openedInTick += 1;
  }

  /** Its pings and its silence count from now on. */
  scheduleHeartbeat(session: Session, heartbeat: Heartbeat): void {
    this.#pinged.set(session, heartbeat.dueMs(this.#ports.stallFreeClock.nowMs));
  }

  /** Keeps when the member was last heard, for as long as it may matter. */
  recordEnd(session: Session, before: SessionState): void {
    this.#greeting.delete(session);
    this.#pinged.delete(session);
    if (before.phase !== 'active') return;
    // The id alone: with the session itself all that it held would stay for as long.
    const { id } = session;
    this.#lastHeardMs.set(id, this.#heardMs(before));
    this.#ports.timers.after(2 * this.#ports.config.RANKD_SUSPEND_MS, () => this.#lastHeardMs.delete(id));
  }

  /** R-LEAD-1: how long until the client of this session has certainly suspended itself (R-LEAD-3). */
  untilSuspendedMs(id: SessionId): number {
    const { sessions, config, stallFreeClock } = this.#ports;
    const session = sessions.get(id);
    const heardMs = session === undefined ? this.#lastHeardMs.get(id) : this.#heardMs(session.state);
    if (heardMs === undefined) return config.RANKD_SUSPEND_MS;
    return Math.max(0, heardMs + config.RANKD_SUSPEND_MS - stallFreeClock.nowMs);
  }

  tick(): void {
    const { nowMs } = this.#ports.stallFreeClock;
    this.#endSilent(nowMs);
    for (const session of this.#pinged.takeDue(nowMs)) this.#checkHeartbeat(session, nowMs);
  }

  /** When a pong of the member last came, or its hello. */
  #heardMs(state: SessionState): number {
    const { nowMs } = this.#ports.stallFreeClock;
    const heartbeat = heartbeatOf(state);
    if (heartbeat !== undefined) return nowMs - heartbeat.silentMs(nowMs);
    return state.phase === 'active' ? state.request.helloAtMs : nowMs;
  }

  /**
   * R-JOIN-1: no hello in time. And of those that have been silent for a while, the longest-waiting go, until no more are
   * left than may be.
   */
  #endSilent(nowMs: number): void {
    const { RANKD_HELLO_TIMEOUT_MS: timeoutMs, RANKD_HELLO_PENDING_MAX: pendingMax } = this.#ports.config;
    const silent: Session[] = [];
    for (const session of this.#greeting) {
      const { state } = session;
      if (state.phase !== 'greeting' || state.request !== undefined) this.#greeting.delete(session);
      else if (nowMs - state.openedAtMs >= timeoutMs) session.end('HELLO_TIMEOUT', `${timeoutMs} ms`);
      else if (nowMs - state.openedAtMs >= HELLO_PATIENCE_MS) silent.push(session);
      else break;
    }
    const tooMany = Math.max(0, silent.length - (this.#isRush() ? PENDING_IN_RUSH * pendingMax : pendingMax));
    for (const session of silent.slice(0, tooMany)) session.end('HELLO_TIMEOUT', 'too many sessions without hello');
  }

  /** Who comes with thousands waits for its own turn to speak, and a busy server has yet to get round to some that did. */
  #isRush(): boolean {
    const { clock } = this.#ports;
    const elapsedMs = clock.monotonicMs() - this.#tickedAtMs;
    const idleMs = clock.idleMs() - this.#idleMs;
    this.#tickedAtMs += elapsedMs;
    this.#idleMs += idleMs;
    const isRushed = idleMs < IDLE_SHARE_MIN * elapsedMs || this.#openedInTick >= RUSH_SESSIONS_MIN;
    this.#openedInTick = 0;
    if (isRushed) this.#rushUntilMs = clock.monotonicMs() + RUSH_MS;
    return clock.monotonicMs() < this.#rushUntilMs;
  }

  #checkHeartbeat(session: Session, nowMs: number): void {
    const { config, flowControl } = this.#ports;
    const heartbeat = heartbeatOf(session.state);
    // The log has yet to decide on its hello.
    if (heartbeat === undefined) {
      this.#pinged.set(session, nowMs + config.RANKD_HEARTBEAT_MS);
      return;
    }
    if (flowControl.excusesSilence(session)) heartbeat.excuseSilence(nowMs);
    const verdict = heartbeat.check(nowMs);
    if (verdict === 'dead') {
      session.end('HEARTBEAT_TIMEOUT', `silent for ${config.RANKD_DEAD_MS} ms`);
      return;
    }
    if (verdict === 'ping') session.sendMessage({ type: 'ping', ...heartbeat.nextPing(nowMs) });
    if (session.state.phase !== 'closing') this.#pinged.set(session, heartbeat.dueMs(nowMs));
  }
}
