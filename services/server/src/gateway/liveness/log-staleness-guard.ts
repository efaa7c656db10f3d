/** R-LEAD-1, R-VIEW-3 in a cluster: suspends all members while this server possibly lacks the newest entries of the log. */

import type { OrderedLog } from '../../log/ordered-log.js';
import type { GroupChannels } from '../delivery/group-channels.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { ViewSender } from '../delivery/view-sender.js';
import { type ActiveState, heartbeatOf } from '../session/session-state.js';
import type { Session } from '../session/session.js';
import type { LeaderYield } from './leader-yield.js';
import type { SessionHeartbeats } from './session-heartbeats.js';

/** The parts of the gateway that LogStalenessGuard uses. */
export interface LogStalenessGuardPorts {
  readonly log: Pick<OrderedLog, 'isCurrent'>;
  readonly sessions: Pick<OpenSessions, 'values'>;
  readonly channels: Pick<GroupChannels, 'open'>;
  readonly leaderYield: Pick<LeaderYield, 'sendUnrequestedYield'>;
  readonly heartbeats: Pick<SessionHeartbeats, 'thawHeartbeat'>;
}

/**
 * Suspends all members of this server while its log may be stale, because the log has not answered for too long. A suspended member does
 * not act on its rank. Each member is sent `yield`, and its lease is not renewed. So a leader has stopped before a decision of another
 * server takes effect (R-LEAD-1). A view would permit a member to act, so views wait, and with them all commands and receipts (R-VIEW-3).
 * They are sent when the log is current again, and dropped if the session ends before. The log of a single server is never stale.
 */
export class LogStalenessGuard {
  readonly #ports: LogStalenessGuardPorts;
  #state: 'current' | 'stale' = 'current';

  constructor(ports: LogStalenessGuardPorts) {
    this.#ports = ports;
  }

  /** Whether the log may be stale. */
  get isStale(): boolean {
    return this.#state === 'stale';
  }

  /**
   * Must be called every tick before any lease is renewed. A process that was stopped and continued must not renew a lease that has
   * expired.
   */
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
    if (state.phase !== 'active') return;
    if (state.yielding === 'no') {
      state.yielding = 'log-stale';
      this.#ports.leaderYield.sendUnrequestedYield(session);
    }
    session.holdFrames();
  }

  /** Holds all frames of a session that gets a seat while the log may be stale, from its `welcome` on. */
  suspendIfStale(session: Session, state: ActiveState, rank: number): void {
    if (!this.isStale) return;
    state.yielding = 'log-stale';
    state.heldViews = rank === 0 ? 'leading' : 'some';
    heartbeatOf(state)?.freeze();
    session.holdFrames();
  }

  /** Sends the held frames. If the core has asked a leader to stop in that time, the leader has to wait for its view (R-LEAD-2). */
  #resumeSession(session: Session): void {
    const { channels, heartbeats } = this.#ports;
    const { state } = session;
    if (state.phase === 'active') {
      if (state.yielding === 'log-stale') this.#sendHeldViews(session, state, channels.open(state.group.name).views);
      else session.releaseFrames();
      if (state.yielding === 'requested') return;
    }
    heartbeats.thawHeartbeat(session);
  }

  /** Permits a member to act again: by the views that were held, or by another view. */
  #sendHeldViews(session: Session, state: ActiveState, views: ViewSender): void {
    views.sendPending(session);
    if (session.state.phase === 'closing') return;
    const { heldViews } = state;
    state.yielding = 'no';
    state.heldViews = 'none';
    session.releaseFrames();
    if (heldViews === 'none') views.reassureLeader(session);
  }
}
