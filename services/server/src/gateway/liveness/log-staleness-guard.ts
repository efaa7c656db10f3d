import type { OrderedLog } from '../../log/ordered-log.js';
import type { OpenSessions } from '../session/open-sessions.js';
import { heartbeatOf } from '../session/session-state.js';
import type { Session } from '../session/session.js';
import type { Heartbeat } from './keepalive.js';

export interface LogStalenessGuardPorts {
  readonly log: Pick<OrderedLog, 'isCurrent'>;
  readonly sessions: Pick<OpenSessions, 'values'>;
  readonly stallFreeClock: { readonly nowMs: number };
  readonly channels: { open(group: string): { reassureLeader(session: Session): void } };
  readonly leaderYield: { sendUnrequestedYield(session: Session): void };
  readonly watchdog: { scheduleHeartbeat(session: Session, heartbeat: Heartbeat): void };
}

/**
 * Suspends all members while the log may be stale, that is has not answered for too long. Each is asked to yield and its lease
 * is not renewed, so that whatever other servers decide in this time finds it stopped (R-LEAD-1). A server's own log is never
 * stale.
 */
export class LogStalenessGuard {
  readonly #ports: LogStalenessGuardPorts;
  #state: 'current' | 'stale' = 'current';

  constructor(ports: LogStalenessGuardPorts) {
    this.#ports = ports;
  }

  get isStale(): boolean {
    return this.#state === 'stale';
  }

  /** Called every tick before any lease is renewed: a process that was stopped and continued must not renew one too late. */
  checkLog(): void {
    const { log, sessions } = this.#ports;
    const isCurrent = log.isCurrent();
    if (isCurrent !== this.isStale) return;
    this.#state = isCurrent ? 'current' : 'stale';
    for (const session of sessions.values()) {
      if (isCurrent) this.#resumeSession(session);
      else this.#suspendSession(session);
    }
  }

  #suspendSession(session: Session): void {
    const { state } = session;
    heartbeatOf(state)?.freeze();
    if (state.phase !== 'active' || state.yielding !== 'no') return;
    state.yielding = 'log-stale';
    this.#ports.leaderYield.sendUnrequestedYield(session);
  }

  /** R-LEAD-2: a view lets it act again. A leader that the order has asked to yield in the meantime still has to. */
  #resumeSession(session: Session): void {
    const { channels, stallFreeClock, watchdog } = this.#ports;
    const { state } = session;
    if (state.phase === 'active' && state.yielding === 'requested') return;
    if (state.phase === 'active' && state.yielding === 'log-stale') {
      state.yielding = 'no';
      channels.open(state.group.name).reassureLeader(session);
    }
    const heartbeat = heartbeatOf(state);
    if (heartbeat?.thaw(stallFreeClock.nowMs) === true) watchdog.scheduleHeartbeat(session, heartbeat);
  }
}
