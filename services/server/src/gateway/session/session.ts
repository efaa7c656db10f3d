import {
  encodeFrame,
  type ErrorCode,
  explain,
  FrameDecoder,
  limits,
  type ReadMessage,
  readMessage,
  type ServerMessage,
} from '@rankd/protocol';
import type { Clock } from '../../clock.js';
import type { AdmissionRequest } from '../admission/admission-request.js';
import type { ClosedBy, Connection, ConnectionListener } from '../transport/connection.js';
import { Outbox, type OutboxLimits, type Traffic } from './outbox.js';
import { QueryRateLimit } from './query-rate-limit.js';
import type { ActiveState, ObservingState, SessionState, WaitingState } from './session-state.js';
import type { UnflushedSessions } from './unflushed-sessions.js';

/** R-VIEW-6: when a session that was refused with UNAVAILABLE should come back. */
const UNAVAILABLE_RETRY_MS = 500;

/** Why a session ends: this server says `bye` for a code, or its connection is over. `reason` is for the log. */
export type SessionEndCause =
  | {
      readonly kind: 'bye';
      readonly code: ErrorCode;
      readonly detail: string | undefined;
      readonly retryAfterMs: number | undefined;
      readonly reason: string;
    }
  | { readonly kind: 'closed'; readonly by: ClosedBy };

export interface SessionSettings extends OutboxLimits {
  readonly frameBytesMax: number;
  /** The `retryAfterMs` of a session that is turned away. */
  readonly retryAfterMs: number;
}

export interface SessionPorts {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly traffic: Traffic;
  readonly handlers: { handleMessage(read: ReadMessage, session: Session): void };
  readonly unflushedSessions: Pick<UnflushedSessions, 'addFrame' | 'flushSession'>;
  readonly registry: { endSession(session: Session, cause: SessionEndCause): void };
}

/** One connection and its state: cuts the bytes of the peer into messages, and queues the frames for this session alone. */
export class Session implements ConnectionListener {
  readonly id: string;
  readonly connection: Connection;
  readonly outbox: Outbox;
  /** R-ASK-1 */
  readonly queryRateLimit = new QueryRateLimit(limits.asksPerSecond);
  readonly #settings: SessionSettings;
  readonly #ports: SessionPorts;
  readonly #decoder = new FrameDecoder(limits.helloFrameBytesMax);
  #state: SessionState = { phase: 'greeting', request: undefined };
  #intake: 'open' | 'paused' | 'undecided' = 'open';
  #receivedBytes = 0;
  #readAtMs = 0;

  constructor(id: string, connection: Connection, settings: SessionSettings, ports: SessionPorts) {
    this.id = id;
    this.connection = connection;
    this.#settings = settings;
    this.#ports = ports;
    this.outbox = new Outbox(connection, settings, ports.traffic);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** How many bytes the peer has ever sent. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** When the message that is being handled was read: wall clock, ms since 1970. Messages of one read have the same time. */
  get readAtMs(): number {
    return this.#readAtMs;
  }

  get isPaused(): boolean {
    return this.#intake !== 'open';
  }

  /** Handles the frames that are complete with these bytes, unless the session is paused. */
  receiveBytes(bytes: Buffer): void {
    this.#ports.traffic.receivedBytes += bytes.length;
    this.#receivedBytes += bytes.length;
    if (this.#state.phase === 'closing') return;
    this.#decoder.push(bytes);
    this.#readFrames();
  }

  /** R-FLOW-1: handles no further frame, not even of the bytes that have been read already. */
  pause(): void {
    this.#intake = 'paused';
    this.connection.pause();
  }

  resume(): void {
    this.#intake = 'open';
    this.#readFrames();
    if (!this.isPaused) this.connection.resume();
  }

  /**
   * Records the request and calls `reachGroup`, which asks the log to decide, at once or later. Until the log has decided, the
   * session reads no further frames. `enter` records the decision, and `resumeAfterAdmission` reads on.
   */
  requestAdmission(request: AdmissionRequest, reachGroup: () => void): void {
    if (this.#state.phase !== 'greeting') return;
    this.#state = { ...this.#state, request };
    reachGroup();
    // Narrowed above, but `reachGroup` may have changed it.
    if ((this.#state as SessionState).phase !== 'greeting') return;
    this.#intake = 'undecided';
    this.connection.pause();
  }

  /** The admission is decided: longer frames are accepted from here on (R-FRAME-2). */
  enter(state: WaitingState | ActiveState | ObservingState): void {
    if (state.phase !== 'waiting') this.#decoder.allow(this.#settings.frameBytesMax);
    this.#state = state;
  }

  /** All frames that follow from the decision are queued: the frames that the peer has sent since its hello are handled now. */
  resumeAfterAdmission(): void {
    if (this.#intake === 'undecided') this.resume();
  }

  #readFrames(): void {
    this.#readAtMs = this.#ports.clock.wallMs();
    while (this.#intake === 'open') {
      const frame = this.#decoder.next();
      if (frame === undefined || this.#state.phase === 'closing') return;
      if (frame.kind === 'refused') this.end(frame.code);
      else this.#ports.handlers.handleMessage(readMessage(frame.text), this);
    }
  }

  sendMessage(message: ServerMessage): void {
    this.sendFrame(encodeFrame(message));
  }

  /** Queues a frame for this session alone, behind everything that has been sent to it so far. */
  sendFrame(frame: string): void {
    if (this.#state.phase === 'closing') return;
    const place = this.#state.phase === 'active' ? this.#state.fanOut.pendingCount : 0;
    this.#ports.unflushedSessions.addFrame(this, frame, place);
  }

  /** Writes what is queued now, without waiting for the end of the cycle. */
  flush(): void {
    this.#ports.unflushedSessions.flushSession(this);
  }

  /** Sends `bye` with the code, then closes. A member whose session ends departs, for that reason. */
  end(code: ErrorCode, detail?: string, retryAfterMs?: number): void {
    this.#ports.registry.endSession(this, { kind: 'bye', code, detail, retryAfterMs, reason: detail ?? explain(code) });
  }

  /** R-BYE-2: the same for a session that this server cannot take now. The client comes back, or goes to another server. */
  turnAway(code: ErrorCode, detail?: string): void {
    this.end(code, detail, code === 'UNAVAILABLE' ? UNAVAILABLE_RETRY_MS : this.#settings.retryAfterMs);
  }

  /** The same, but the peer learns no more than the code. `reason` is for the log. */
  refuse(code: ErrorCode, reason: string): void {
    const cause = { kind: 'bye', code, detail: undefined, retryAfterMs: undefined, reason } as const;
    this.#ports.registry.endSession(this, cause);
  }

  /** The connection is over. */
  endClosed(by: ClosedBy): void {
    this.#ports.registry.endSession(this, { kind: 'closed', by });
  }

  /** Called by the registry: nothing is read from the session or queued for it any more. */
  enterClosing(): void {
    if (this.#state.phase !== 'closing') this.#state = { phase: 'closing', before: this.#state };
  }
}
