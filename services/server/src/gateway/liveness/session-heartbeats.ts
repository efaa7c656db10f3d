/** R-LIFE-1: sends pings, and ends sessions that do not answer. */

import type { ServerConfig } from '../../config.js';
import type { SessionId } from '../../core/index.js';
import type { PausedSenders } from '../flow/paused-senders.js';
import type { OpenSessions } from '../session/open-sessions.js';
import { heartbeatOf, type SessionState } from '../session/session-state.js';
import type { Session } from '../session/session.js';
import type { DeadlineTimers } from './deadline-timers.js';
import type { Heartbeat } from './heartbeat.js';
import type { StallFreeClock } from './stall-free-clock.js';
import { TimerWheel } from './timer-wheel.js';

/** The parts of the gateway that SessionHeartbeats uses. */
export interface SessionHeartbeatsPorts {
  readonly config: Pick<ServerConfig, 'RANKD_HEARTBEAT_MS' | 'RANKD_SUSPEND_MS' | 'RANKD_DEAD_MS'>;
  readonly stallFreeClock: Pick<StallFreeClock, 'nowMs'>;
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly timers: Pick<DeadlineTimers, 'after'>;
  readonly pausedSenders: Pick<PausedSenders, 'excusesSilence'>;
}

/**
 * Sends pings. Sessions that do not answer end with `bye` HEARTBEAT_TIMEOUT (R-LIFE-1). Knows when each member's last pong was received.
 * Checks only the sessions for which an action is due, so an idle session costs no time.
 */
export class SessionHeartbeats {
  readonly #ports: SessionHeartbeatsPorts;
  /** The sessions that are pinged, by the time of their next action. */
  readonly #pinged: TimerWheel<Session>;
  /** For sessions that have ended: the time of the StallFreeClock at which the member's last pong was received. */
  readonly #lastHeardMs = new Map<SessionId, number>();

  constructor(tickMs: number, ports: SessionHeartbeatsPorts) {
    this.#ports = ports;
    this.#pinged = new TimerWheel(tickMs, ports.stallFreeClock.nowMs);
  }

  /** Starts the pings of a session. Its silence counts from now on. */
  scheduleHeartbeat(session: Session, heartbeat: Heartbeat): void {
    this.#pinged.set(session, heartbeat.dueMs(this.#ports.stallFreeClock.nowMs));
  }

  /** Renews the lease of a member that may act again (R-LEAD-2). */
  thawHeartbeat(session: Session): void {
    const heartbeat = heartbeatOf(session.state);
    if (heartbeat?.thaw(this.#ports.stallFreeClock.nowMs) === true) this.scheduleHeartbeat(session, heartbeat);
  }

  /**
   * Forgets an ended session. Keeps the time of its member's last pong for as long as `untilSuspendedMs` may need it. `before` is its
   * last state.
   */
  removeSession(session: Session, before: SessionState): void {
    const { timers, config } = this.#ports;
    this.#pinged.delete(session);
    if (before.phase !== 'active') return;
    // The timer keeps only the id, so that the memory of the session is freed now.
    const { id } = session;
    this.#lastHeardMs.set(id, this.#heardMs(before));
    timers.after(2 * config.RANKD_SUSPEND_MS, () => this.#lastHeardMs.delete(id));
  }

  /** Returns after how many milliseconds the client of this session has certainly suspended itself (R-LEAD-1, R-LEAD-3). */
  untilSuspendedMs(id: SessionId): number {
    const { sessions, config, stallFreeClock } = this.#ports;
    const session = sessions.get(id);
    const heardMs = session === undefined ? this.#lastHeardMs.get(id) : this.#heardMs(session.state);
    if (heardMs === undefined) return config.RANKD_SUSPEND_MS;
    return Math.max(0, heardMs + config.RANKD_SUSPEND_MS - stallFreeClock.nowMs);
  }

  /** Calls `run` when the client of this session has certainly suspended itself, if it gets no ping until then. */
  runWhenSuspended(id: SessionId, run: () => void): void {
    // A timer may fire up to a millisecond early.
    this.#ports.timers.after(Math.ceil(this.untilSuspendedMs(id)) + 1, run);
  }

  /** Whether the session gets pings now. A leader that was asked to yield gets none. */
  isPinged({ state }: Session): boolean {
    return heartbeatOf(state)?.isFrozen === false;
  }

  /** Sends a ping now, after all frames that are queued for the session. Returns its number, or undefined if the session gets no pings. */
  sendPing(session: Session): number | undefined {
    const ping = heartbeatOf(session.state)?.nextPing(this.#ports.stallFreeClock.nowMs);
    if (ping !== undefined) session.sendMessage({ type: 'ping', ...ping });
    return ping?.n;
  }

  /** Must be called every tick. Sends the pings that are due, and ends dead sessions. */
  checkHeartbeats(): void {
    const { nowMs } = this.#ports.stallFreeClock;
    for (const session of this.#pinged.takeDue(nowMs)) this.#checkHeartbeat(session, nowMs);
  }

  /** Returns when the member's last pong was received, or its hello if there is no pong. */
  #heardMs(state: SessionState): number {
    const { nowMs } = this.#ports.stallFreeClock;
    const heartbeat = heartbeatOf(state);
    if (heartbeat !== undefined) return nowMs - heartbeat.silentMs(nowMs);
    return state.phase === 'active' ? state.request.helloAtMs : nowMs;
  }

  #checkHeartbeat(session: Session, nowMs: number): void {
    const { config, pausedSenders } = this.#ports;
    // Ending another session in this loop may have ended this one.
    const { state } = session;
    if (state.phase === 'closing') return;
    const heartbeat = heartbeatOf(state);
    // The log has not decided about the hello yet.
    if (heartbeat === undefined) {
      this.#pinged.set(session, nowMs + config.RANKD_HEARTBEAT_MS);
      return;
    }
    if (pausedSenders.excusesSilence(session)) heartbeat.excuseSilence(nowMs);
    const verdict = heartbeat.check(nowMs);
    if (verdict === 'dead') {
      session.end('HEARTBEAT_TIMEOUT', `no pong for ${config.RANKD_DEAD_MS} ms`);
      return;
    }
    if (verdict === 'ping') this.sendPing(session);
    if (session.state.phase !== 'closing') this.#pinged.set(session, heartbeat.dueMs(nowMs));
  }
}
