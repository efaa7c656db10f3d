import { encodeFrame, type ErrorCode } from '@rankd/protocol';
import type { EventReporter } from '../delivery/event-reporter.js';
import { byeMessage } from '../frames/session-frames.js';
import type { ClosedBy, Connection } from '../transport/connection.js';
import type { DepartureProposals } from './departure-proposals.js';
import type { OpenSessions } from './open-sessions.js';
import type { SessionState } from './session-state.js';
import { Session, type SessionEndCause, type SessionPorts, type SessionSettings } from './session.js';

/** A peer that is too far behind or silent would not read a goodbye: its connection is cut. */
const cutOff: ReadonlySet<ErrorCode> = new Set(['SLOW_CONSUMER', 'HEARTBEAT_TIMEOUT']);

/** Holds something for each session, and drops it when the session ends. `before`: the last state of the session. */
export interface SessionHolder {
  removeSession(session: Session, before: SessionState): void;
}

/** Receives the close of each connection, also when this server has ended the session before. */
export interface CloseListener {
  recordClose(session: Session, by: ClosedBy): void;
}

export interface SessionRegistryPorts {
  /** Others look sessions up here, only the registry changes it. */
  readonly sessions: Pick<OpenSessions, 'issueId' | 'add' | 'delete'>;
  readonly holders: readonly SessionHolder[];
  readonly closeListeners: readonly CloseListener[];
  readonly departures: DepartureProposals;
  readonly events: Pick<EventReporter, 'reportOwn'>;
}

/** Opens the sessions of this server and ends them. `endSession` is the one sequence of steps by which a session ends. */
export class SessionRegistry {
  readonly #ports: SessionRegistryPorts;
  readonly #settings: SessionSettings;
  readonly #sessionPorts: SessionPorts;

  /** `settings` and `sessionPorts`: what every session is given. */
  constructor(ports: SessionRegistryPorts, settings: SessionSettings, sessionPorts: Omit<SessionPorts, 'registry'>) {
    this.#ports = ports;
    this.#settings = settings;
    this.#sessionPorts = { ...sessionPorts, registry: this };
  }

  openSession(connection: Connection): Session {
    const { sessions } = this.#ports;
    const session = new Session(sessions.issueId(), connection, this.#settings, this.#sessionPorts);
    sessions.add(session);
    return session;
  }

  /**
   * Ends a session, once. This server sends `bye` and closes (R-BYE-1), or the connection is over. If the peer closed it, that is
   * a departure at once (R-VIEW-4), and proof that a leader has stopped (R-LEAD-1), even after our own goodbye.
   */
  endSession(session: Session, cause: SessionEndCause): void {
    const before = session.state;
    if (cause.kind === 'bye') this.#endByUs(session, before, cause);
    else {
      if (before.phase !== 'closing') {
        session.enterClosing();
        // Others receive the change first: it takes time to take a connection apart.
        this.#removeSession(session, before, 'CLOSED', 'its own end closed the connection');
      }
      for (const listener of this.#ports.closeListeners) listener.recordClose(session, cause.by);
      if (before.phase !== 'closing') session.connection.destroy();
    }
  }

  #endByUs(session: Session, before: SessionState, cause: Extract<SessionEndCause, { kind: 'bye' }>): void {
    if (before.phase === 'closing') return;
    const { code, detail, retryAfterMs, reason } = cause;
    // The commands under way to the session come before the goodbye.
    if (before.phase === 'active') before.fanOut.queueBatches();
    // The outbox had no room for them, and the session has ended because of that.
    if (session.state.phase === 'closing') return;
    session.outbox.addBatch();
    session.outbox.addFrame(encodeFrame(byeMessage(code, detail, retryAfterMs)));
    session.enterClosing();
    session.outbox.flush();
    if (cutOff.has(code)) session.connection.destroy();
    else session.connection.end();
    this.#removeSession(session, before, code, reason);
  }

  /** Nothing is written to the session or waits for it after this, and its member departs. */
  #removeSession(session: Session, before: SessionState, code: ErrorCode | 'CLOSED', detail: string): void {
    const { sessions, holders, departures, events } = this.#ports;
    sessions.delete(session);
    for (const holder of holders) holder.removeSession(session, before);
    if (before.phase !== 'greeting' && before.phase !== 'closing') {
      events.reportOwn({ event: 'session.closed', session: session.id, code });
    } else if (code !== 'CLOSED') {
      const { address } = session.connection;
      events.reportOwn({ event: 'session.refused', session: session.id, address, code, detail });
    }
    departures.proposeEnd(session.id, before, code);
  }
}
