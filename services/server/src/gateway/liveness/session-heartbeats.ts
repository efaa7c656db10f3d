import type { ServerConfig } from '../../config.js';
import type { SessionId } from '../../core/index.js';
import type { FlowControl } from '../delivery/flow-control.js';
import type { OpenSessions } from '../session/open-sessions.js';
import { heartbeatOf, type SessionState } from '../session/session-state.js';
import type { Session } from '../session/session.js';
import type { DeadlineTimers } from './deadline-timers.js';
import type { Heartbeat } from './heartbeat.js';
import type { StallFreeClock } from './stall-free-clock.js';
import { TimerWheel } from './timer-wheel.js';

export interface SessionHeartbeatsPorts {
  readonly config: Pick<ServerConfig, 'RANKD_HEARTBEAT_MS' | 'RANKD_SUSPEND_MS' | 'RANKD_DEAD_MS'>;
  readonly stallFreeClock: Pick<StallFreeClock, 'nowMs'>;
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly timers: Pick<DeadlineTimers, 'after'>;
  readonly flowControl: Pick<FlowControl, 'excusesSilence'>;
}

/**
 * Sends the pings, ends sessions that answer none (R-LIFE-1), and knows when each leader was last heard. Looks only at sessions
 * with something due: an idle session costs nothing.
 */
export class SessionHeartbeats {
  readonly #ports: SessionHeartbeatsPorts;
  /** Sessions that are pinged, by when something is due. */
  readonly #pinged: TimerWheel<Session>;
  /** Sessions that this server has ended, with the stall-free time at which their members were last heard. */
  readonly #lastHeardMs = new Map<SessionId, number>();

  constructor(tickMs: number, ports: SessionHeartbeatsPorts) {
    this.#ports = ports;
    this.#pinged = new TimerWheel(tickMs, ports.stallFreeClock.nowMs);
  }

  /** The pings and the silence of the session count from now on. */
  scheduleHeartbeat(session: Session, heartbeat: Heartbeat): void {
    this.#pinged.set(session, heartbeat.dueMs(this.#ports.stallFreeClock.nowMs));
  }

  /** R-LEAD-2: renews the lease of a member that may act again. */
  thawHeartbeat(session: Session): void {
    const heartbeat = heartbeatOf(session.state);
    if (heartbeat?.thaw(this.#ports.stallFreeClock.nowMs) === true) this.scheduleHeartbeat(session, heartbeat);
  }

  /** Keeps when the member was last heard, for as long as it may matter. `before`: the last state of the session. */
  removeSession(session: Session, before: SessionState): void {
    const { timers, config } = this.#ports;
    this.#pinged.delete(session);
    if (before.phase !== 'active') return;
    // The id alone: with the session itself all that it held would stay for as long.
    const { id } = session;
    this.#lastHeardMs.set(id, this.#heardMs(before));
    timers.after(2 * config.RANKD_SUSPEND_MS, () => this.#lastHeardMs.delete(id));
  }

  /** R-LEAD-1: how long until the client of this session has certainly suspended itself (R-LEAD-3). */
  untilSuspendedMs(id: SessionId): number {
    const { sessions, config, stallFreeClock } = this.#ports;
    const session = sessions.get(id);
    const heardMs = session === undefined ? this.#lastHeardMs.get(id) : this.#heardMs(session.state);
    if (heardMs === undefined) return config.RANKD_SUSPEND_MS;
    return Math.max(0, heardMs + config.RANKD_SUSPEND_MS - stallFreeClock.nowMs);
  }

  /** Called every tick. */
  checkHeartbeats(): void {
    const { nowMs } = this.#ports.stallFreeClock;
    for (const session of this.#pinged.takeDue(nowMs)) this.#checkHeartbeat(session, nowMs);
  }

  /** When a pong of the member last came, or its hello. */
  #heardMs(state: SessionState): number {
    const { nowMs } = this.#ports.stallFreeClock;
    const heartbeat = heartbeatOf(state);
    if (heartbeat !== undefined) return nowMs - heartbeat.silentMs(nowMs);
    return state.phase === 'active' ? state.request.helloAtMs : nowMs;
  }

  #checkHeartbeat(session: Session, nowMs: number): void {
    const { config, flowControl } = this.#ports;
    // The end of a session that was due before has ended this one.
    const { state } = session;
    if (state.phase === 'closing') return;
    const heartbeat = heartbeatOf(state);
    // The log has yet to decide on the hello.
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
