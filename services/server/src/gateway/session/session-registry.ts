import { encodeFrame, type ErrorCode } from '@rankd/protocol';
import type { OrderedLog } from '../../log/ordered-log.js';
import type { ServerEvent } from '../../server-event.js';
import { byeMessage } from '../frames/session-frames.js';
import type { Proposals } from '../proposals.js';
import type { ClosedBy, Connection } from '../transport/connection.js';
import type { OpenSessions } from './open-sessions.js';
import type { SessionState } from './session-state.js';
import { Session, type SessionEndCause, type SessionPorts } from './session.js';

/** A peer that is too far behind or silent would not read a goodbye: its connection is cut. */
const cutOff: ReadonlySet<ErrorCode> = new Set(['SLOW_CONSUMER', 'HEARTBEAT_TIMEOUT']);

export interface SessionRegistryPorts {
  /** Others look sessions up here, only the registry changes it. */
  readonly sessions: Pick<OpenSessions, 'issueId' | 'add' | 'delete'>;
  readonly proposals: Pick<Proposals, 'propose'>;
  readonly log: Pick<OrderedLog, 'releaseGroup'>;
  readonly flushCycle: { removeSession(session: Session): void; addEvent(event: ServerEvent): void };
  readonly channels: { removeWatcher(session: Session, group: string): void };
  readonly flowControl: { removeSession(session: Session): void };
  readonly watchdog: { recordEnd(session: Session, before: SessionState): void };
  readonly leaderYield: { recordClose(session: Session, by: ClosedBy): void };
  readonly shutdown: { readonly isOver: boolean };
}

/** Owns the sessions of this server: opens them, and decides what the end of one brings about, in this order. */
export class SessionRegistry {
  readonly #ports: SessionRegistryPorts;
  readonly #sessionPorts: SessionPorts;

  constructor(ports: SessionRegistryPorts, sessionPorts: Omit<SessionPorts, 'registry'>) {
    this.#ports = ports;
    this.#sessionPorts = { ...sessionPorts, registry: this };
  }

  openSession(connection: Connection): Session {
    const session = new Session(this.#ports.sessions.issueId(), connection, this.#sessionPorts);
    this.#ports.sessions.add(session);
    return session;
  }

  /**
   * Ends a session, once. We say why and close (R-BYE-1), or its connection is over. By the peer, that is a departure at
   * once (R-VIEW-4), and proof that a leader has stopped (R-LEAD-1), even after our own goodbye.
   */
  endSession(session: Session, cause: SessionEndCause): void {
    const before = session.state;
    if (cause.kind === 'bye') this.#endByUs(session, before, cause);
    else {
      if (before.phase !== 'closing') {
        session.enterClosing();
        // Others hear of it first: taking a connection apart takes its time.
        this.#removeSession(session, before, 'CLOSED', 'its own end closed the connection');
      }
      this.#ports.leaderYield.recordClose(session, cause.by);
      if (before.phase !== 'closing') session.connection.destroy();
    }
  }

  #endByUs(session: Session, before: SessionState, cause: Extract<SessionEndCause, { kind: 'bye' }>): void {
    if (before.phase === 'closing') return;
    const { code, detail, retryAfterMs, reason } = cause;
    // What is under way to it comes before the goodbye.
    if (before.phase === 'active') before.fanOut.queueBatches();
    // It had no room for that, and has ended for it.
    if (session.state.phase === 'closing') return;
    session.outbox.addBatch();
    session.outbox.addFrame(encodeFrame(byeMessage(code, detail, retryAfterMs)));
    session.enterClosing();
    session.outbox.flush();
    if (cutOff.has(code)) session.connection.destroy();
    else session.connection.end();
    this.#removeSession(session, before, code, reason);
  }

  /** Nobody writes to it, watches over it or waits for it; what it stood for departs. */
  #removeSession(session: Session, before: SessionState, code: ErrorCode | 'CLOSED', detail: string): void {
    const { sessions, flushCycle, channels, flowControl, watchdog, log } = this.#ports;
    sessions.delete(session);
    flushCycle.removeSession(session);
    if (before.phase !== 'greeting' && before.phase !== 'closing') {
      channels.removeWatcher(session, before.request.group);
      flushCycle.addEvent({ event: 'session.closed', session: session.id, code });
    } else if (code !== 'CLOSED') {
      const { address } = session.connection;
      flushCycle.addEvent({ event: 'session.refused', session: session.id, address, code, detail });
    }
    flowControl.removeSession(session);
    watchdog.recordEnd(session, before);
    this.#proposeDeparture(session, before, code);
    if (before.phase !== 'closing' && before.request !== undefined) log.releaseGroup(before.request.group);
  }

  #proposeDeparture(session: Session, before: SessionState, code: ErrorCode | 'CLOSED'): void {
    const { proposals, shutdown } = this.#ports;
    if (before.phase === 'greeting' || before.phase === 'closing' || shutdown.isOver) return;
    const placed = { group: before.request.group, session: session.id };
    if (before.phase === 'waiting') proposals.propose({ kind: 'waiting-left', ...placed });
    if (before.request.isAdmin) proposals.propose({ kind: 'admin-gone', ...placed });
    if (before.phase !== 'active') return;
    const lost = code === 'CLOSED' || code === 'HEARTBEAT_TIMEOUT';
    const how = code === 'LEFT' ? 'goodbye' : lost ? 'lost' : 'ended';
    proposals.propose({ kind: 'departed', ...placed, member: before.member.id, how, reason: code });
  }
}
