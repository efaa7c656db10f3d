/** The registry of sessions: it owns how a session opens and how it ends. */

import { encodeFrame, type ErrorCode, type Mistake } from '@rankd/protocol';
import type { EventReporter } from '../delivery/event-reporter.js';
import { byeMessage } from '../frames/session-frames.js';
import type { ClosedBy, Connection } from '../transport/connection.js';
import type { DepartureProposals } from './departure-proposals.js';
import type { OpenSessions } from './open-sessions.js';
import type { SessionState } from './session-state.js';
import { Session, type SessionEndCause, type SessionPorts, type SessionSettings } from './session.js';

/** With these codes the client reads nothing, so the connection is destroyed without waiting for it to read `bye`. */
const cutOff: ReadonlySet<ErrorCode> = new Set(['SLOW_CONSUMER', 'HEARTBEAT_TIMEOUT']);

/** Holds data about sessions, and drops it when a session ends. `before` is the last state of the session. */
export interface SessionHolder {
  removeSession(session: Session, before: SessionState): void;
}

/** Is called when a connection has closed, even if this server had ended the session before. */
export interface CloseListener {
  recordClose(session: Session, by: ClosedBy): void;
}

/** The parts of the gateway that SessionRegistry uses. */
export interface SessionRegistryPorts {
  /** Other parts look up sessions here. Only the registry changes it. */
  readonly sessions: Pick<OpenSessions, 'issueId' | 'add' | 'delete'>;
  readonly holders: readonly SessionHolder[];
  readonly closeListeners: readonly CloseListener[];
  readonly departures: DepartureProposals;
  readonly events: Pick<EventReporter, 'reportOwn'>;
}

/** Opens the sessions of this server and ends them. `endSession` is the only way in which a session ends. */
export class SessionRegistry {
  readonly #ports: SessionRegistryPorts;
  readonly #settings: SessionSettings;
  readonly #sessionPorts: SessionPorts;

  /** Every session gets `settings` and `sessionPorts`. */
  constructor(ports: SessionRegistryPorts, settings: SessionSettings, sessionPorts: Omit<SessionPorts, 'registry'>) {
    this.#ports = ports;
    this.#settings = settings;
    this.#sessionPorts = { ...sessionPorts, registry: this };
  }

  /** Opens a session for a new connection. */
  openSession(connection: Connection): Session {
    const { sessions } = this.#ports;
    const session = new Session(sessions.issueId(), connection, this.#settings, this.#sessionPorts);
    sessions.add(session);
    return session;
  }

  /**
   * Ends a session. With the cause `bye`, this server sends `bye` and closes (R-BYE-1). With `closed`, the connection has closed. If the
   * client closed it, its member has departed (R-VIEW-4), and a leader has stopped (R-LEAD-1). A leader that closes after this server has
   * sent `bye` has stopped too. A second call only records that the connection has closed.
   */
  endSession(session: Session, cause: SessionEndCause): void {
    const before = session.state;
    if (cause.kind === 'bye') this.#endByUs(session, before, cause);
    else {
      if (before.phase !== 'closing') {
        session.enterClosing();
        // Do this before the connection is destroyed. Destroying takes time, and the other members must not wait for the change.
        this.#removeSession(session, before, 'CLOSED', 'the client closed the connection');
      }
      for (const listener of this.#ports.closeListeners) listener.recordClose(session, cause.by);
      if (before.phase !== 'closing') session.connection.destroy();
    }
  }

  #endByUs(session: Session, before: SessionState, cause: Extract<SessionEndCause, { kind: 'bye' }>): void {
    if (before.phase === 'closing') return;
    const { code, message, retryAfterMs, reason, mistake } = cause;
    // The commands that are pending for this session come before `bye`.
    if (before.phase === 'active') before.fanOut.queueBatches();
    // The session has ended already if these commands did not fit into its outbox.
    if (session.state.phase === 'closing') return;
    session.outbox.addBatch();
    // R-LEAD-1: a held view could permit the member to act.
    session.outbox.dropHeld();
    session.outbox.addFrame(encodeFrame(byeMessage(code, message, retryAfterMs)));
    session.enterClosing();
    session.outbox.flush();
    if (cutOff.has(code)) session.connection.destroy();
    else session.connection.end();
    this.#removeSession(session, before, code, reason, mistake);
  }

  /** Removes the session from every part of the gateway, and proposes the departure of its member. */
  #removeSession(
    session: Session,
    before: SessionState,
    code: ErrorCode | 'CLOSED',
    detail: string,
    mistake?: Mistake,
  ): void {
    const { sessions, holders, departures, events } = this.#ports;
    sessions.delete(session);
    session.outbox.forgetUnread();
    for (const holder of holders) holder.removeSession(session, before);
    if (before.phase !== 'greeting' && before.phase !== 'closing') {
      events.reportOwn({ event: 'session.closed', session: session.id, code });
    } else if (code !== 'CLOSED') {
      const { address } = session.connection;
      const refused = { event: 'session.refused', session: session.id, address, code, detail } as const;
      events.reportOwn(mistake === undefined ? refused : { ...refused, mistake });
    }
    departures.proposeEnd(session.id, before, code);
  }
}
