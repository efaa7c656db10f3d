/** A session: one connection and its state. */

import {
  encodeFrame,
  type ErrorCode,
  explain,
  explainMistake,
  FrameDecoder,
  limits,
  type Mistake,
  type Opening,
  OpeningBytes,
  type ReadMessage,
  readMessage,
  type ServerMessage,
} from '@rankd/protocol';
import type { Clock } from '../../clock.js';
import type { AdmissionRequest } from '../admission/admission-request.js';
import type { ClosedBy, Connection, ConnectionListener } from '../transport/connection.js';
import { Outbox, type OutboxLimits, type QueuedFrame, type Traffic } from './outbox.js';
import { ReadShare } from '../pace/read-share.js';
import { RequestPace } from '../pace/request-pace.js';
import type { ActiveState, ObservingState, SessionState, WaitingState } from './session-state.js';
import type { UnflushedSessions } from './unflushed-sessions.js';
import type { UnreadBytes } from './unread-bytes.js';

/** R-VIEW-6: after how long a client that was refused with UNAVAILABLE should reconnect, ms. */
const UNAVAILABLE_RETRY_MS = 500;
/**
 * The bytes that are read from a client after its session has ended. They are dropped: the server reads them only to notice that the client
 * closes. The bytes of a client that floods would cost the time of the others.
 */
const DROPPED_BYTES_MAX = 65_536;

/** Why a session ends. `bye`: this server ends it with a code. `closed`: its connection has closed. `reason` is a text for the log. */
export type SessionEndCause =
  | {
      readonly kind: 'bye';
      readonly code: ErrorCode;
      /** The sentence for the client. */
      readonly message: string;
      readonly retryAfterMs: number | undefined;
      readonly reason: string;
      readonly mistake: Mistake | undefined;
    }
  | { readonly kind: 'closed'; readonly by: ClosedBy };

/** The mistakes that the first bytes of a connection show. */
const openingMistakes: Readonly<Partial<Record<Opening, Mistake>>> = {
  'tls handshake': 'TLS_NOT_SPOKEN',
  'proxy header': 'PROXY_HEADER',
  'http request': 'HTTP_REQUEST',
  'redis request': 'OTHER_CLIENT',
  ssh: 'OTHER_CLIENT',
};

/** The limits of every session. */
export interface SessionSettings extends OutboxLimits {
  readonly frameBytesMax: number;
  /** Counts the bytes that wait for all sessions. */
  readonly unreadBytes: UnreadBytes;
  /** The `retryAfterMs` in the `bye` of a session that this server cannot accept now. */
  readonly retryAfterMs: number;
}

/** The parts of the gateway that every session uses. */
export interface SessionPorts {
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  readonly traffic: Traffic;
  readonly unflushedSessions: Pick<UnflushedSessions, 'addFrame' | 'flushSession'>;
  /** Takes the frames that have arrived. `readArrived` returns false if the session must wait (R-PACE-1). */
  readonly readRounds: { readArrived(session: Session): boolean };
  readonly registry: { endSession(session: Session, cause: SessionEndCause): void };
}

/** Decodes the bytes of one client into messages, and queues the frames that are for this session alone. */
export class Session implements ConnectionListener {
  readonly id: string;
  readonly connection: Connection;
  readonly outbox: Outbox;
  readonly pace = new RequestPace();
  readonly readShare = new ReadShare();
  readonly #settings: SessionSettings;
  readonly #ports: SessionPorts;
  readonly #decoder = new FrameDecoder(limits.helloFrameBytesMax);
  #state: SessionState = { phase: 'greeting', request: undefined };
  #intake: 'open' | 'paused' | 'undecided' = 'open';
  #receivedBytes = 0;
  #droppedBytes = 0;
  /** The first bytes, until they show what the client sends. Undefined: it sends frames, or bytes of an unknown protocol. */
  #opening: OpeningBytes | { readonly mistake: Mistake; readonly seen: Opening } | undefined = new OpeningBytes();
  #readAtMs = 0;
  #readMonotonicMs = 0;

  constructor(id: string, connection: Connection, settings: SessionSettings, ports: SessionPorts) {
    this.id = id;
    this.connection = connection;
    this.#settings = settings;
    this.#ports = ports;
    this.outbox = new Outbox(connection, settings, ports.traffic, settings.unreadBytes);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The number of bytes that the client has sent since it connected. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** When the present message was read: wall time in milliseconds since 1970. Messages from one read have the same time. */
  get readAtMs(): number {
    return this.#readAtMs;
  }

  /** The same moment on the monotonic clock, in milliseconds. Durations are measured from this one. */
  get readMonotonicMs(): number {
    return this.#readMonotonicMs;
  }

  /** Whether the session reads no frames now. */
  get isPaused(): boolean {
    return this.#intake !== 'open';
  }

  /** Whether bytes wait that may be read now. */
  get hasUnreadBytes(): boolean {
    return this.#intake === 'open' && this.#state.phase !== 'closing' && this.#decoder.hasBytes;
  }

  /** Handles the frames that these bytes complete. A paused session keeps the bytes. Further frames than its share wait (R-PACE-1). */
  receiveBytes(bytes: Buffer): void {
    this.#ports.traffic.receivedBytes += bytes.length;
    this.#receivedBytes += bytes.length;
    if (this.#state.phase === 'closing') {
      this.#dropBytes(bytes);
      return;
    }
    if (this.#opening instanceof OpeningBytes) this.#readOpening(this.#opening, bytes);
    this.#decoder.push(bytes);
    if (!this.#ports.readRounds.readArrived(this)) this.connection.pause();
  }

  #dropBytes(bytes: Buffer): void {
    this.#droppedBytes += bytes.length;
    if (this.#droppedBytes > DROPPED_BYTES_MAX) this.connection.pause();
  }

  /** Records that the first bytes are of another protocol. The frame or the hello timeout then ends the session with that reason. */
  #readOpening(opening: OpeningBytes, bytes: Buffer): void {
    const seen = opening.push(bytes);
    if (seen === undefined) return;
    const mistake = openingMistakes[seen];
    this.#opening = mistake === undefined ? undefined : { mistake, seen };
  }

  /** Handles no further frame until `resume`, not even one that was received already (R-FLOW-1). */
  pause(): void {
    this.#intake = 'paused';
    this.connection.pause();
  }

  /** Handles the frames that were received during the pause, then reads from the connection again. */
  resume(): void {
    this.#intake = 'open';
    if (this.#ports.readRounds.readArrived(this)) this.readConnection();
  }

  /** Reads from the connection again, unless the session is paused. */
  readConnection(): void {
    if (!this.isPaused) this.connection.resume();
  }

  /**
   * Records the request, then calls `reachGroup`, which asks the log to decide now or later. Until the log has decided, the session reads
   * no frames. `enter` records the decision, and `resumeAfterAdmission` reads again. Does nothing if the session has ended.
   */
  requestAdmission(request: AdmissionRequest, reachGroup: () => void): void {
    if (this.#state.phase !== 'greeting') return;
    this.#state = { ...this.#state, request };
    reachGroup();
    // The compiler has narrowed the type, but `reachGroup` may have changed the state.
    if ((this.#state as SessionState).phase !== 'greeting') return;
    this.#intake = 'undecided';
    this.connection.pause();
  }

  /** Records the decision about the admission. A member or an observer may send longer frames from now on (R-FRAME-2). */
  enter(state: WaitingState | ActiveState | ObservingState): void {
    if (state.phase !== 'waiting') this.#decoder.allow(this.#settings.frameBytesMax);
    this.#state = state;
  }

  /** Handles the frames that the client sent after its hello. Called when the frames that follow from the decision are queued. */
  resumeAfterAdmission(): void {
    if (this.#intake === 'undecided') this.resume();
  }

  /** Must be called before messages are taken. Records the time. */
  startReading(): void {
    this.#readAtMs = this.#ports.clock.wallMs();
    this.#readMonotonicMs = this.#ports.clock.monotonicMs();
  }

  /** Takes the next message. Returns undefined if there is none, or if the session is paused or has ended. */
  takeMessage(): ReadMessage | undefined {
    if (this.#intake !== 'open') return undefined;
    const frame = this.#decoder.next();
    if (frame === undefined || this.#state.phase === 'closing') return undefined;
    if (frame.kind === 'line') return readMessage(frame.text);
    this.end(frame.code);
    return undefined;
  }

  /** Queues a message for this session alone. */
  sendMessage(message: ServerMessage): void {
    this.sendFrame(encodeFrame(message));
  }

  /**
   * Queues a frame after all frames and commands that were sent to it before. Ends the session with SLOW_CONSUMER if the frame exceeds its
   * backlog limit by more than `reserveBytes`.
   */
  sendFrame(frame: QueuedFrame, reserveBytes = 0): void {
    if (this.#state.phase === 'closing') return;
    const place = this.#state.phase === 'active' ? this.#state.fanOut.pendingCount : 0;
    this.#ports.unflushedSessions.addFrame(this, frame, place, reserveBytes);
  }

  /** Writes the queued frames now, without waiting for the end of the flush cycle. */
  flush(): void {
    this.#ports.unflushedSessions.flushSession(this);
  }

  /** Sends a message that has no place in the order, ahead of held frames if there are any. */
  sendAhead(message: ServerMessage): void {
    if (this.#state.phase === 'closing') return;
    if (this.outbox.isHeld) this.outbox.writeAhead(encodeFrame(message));
    else this.sendMessage(message);
  }

  /** Writes all queued frames, then holds further ones until `releaseFrames` (R-VIEW-3). */
  holdFrames(): void {
    if (this.#state.phase === 'active') this.#state.fanOut.queueBatches();
    this.outbox.hold();
  }

  /** Writes the held frames in their order. */
  releaseFrames(): void {
    this.outbox.release();
    this.flush();
  }

  /** Sends `bye` with the code, then closes. The member of the session departs. */
  end(code: ErrorCode, detail?: string, retryAfterMs?: number): void {
    if (this.#opening !== undefined && 'mistake' in this.#opening) {
      this.refuse(code, `first bytes: ${this.#opening.seen}`, this.#opening.mistake);
      return;
    }
    const [message, reason] = [explain(code, detail), detail ?? explain(code)];
    this.#ports.registry.endSession(this, { kind: 'bye', code, message, retryAfterMs, reason, mistake: undefined });
  }

  /** Ends a session that this server cannot accept now, with `retryAfterMs` (R-BYE-2). The client reconnects, to this or another server. */
  turnAway(code: ErrorCode, detail?: string): void {
    this.end(code, detail, code === 'UNAVAILABLE' ? UNAVAILABLE_RETRY_MS : this.#settings.retryAfterMs);
  }

  /** Ends a session with `bye` that contains the code and the sentence of the mistake. `reason` is for the log. */
  refuse(code: ErrorCode, reason: string, mistake?: Mistake): void {
    const message = mistake === undefined ? explain(code) : explainMistake(mistake);
    this.#ports.registry.endSession(this, { kind: 'bye', code, message, retryAfterMs: undefined, reason, mistake });
  }

  /** Ends the session, because its connection has closed. */
  endClosed(by: ClosedBy): void {
    this.#ports.registry.endSession(this, { kind: 'closed', by });
  }

  /** Marks the session as ended. Called by the registry. From now on no frame is read from the session or queued for it. */
  enterClosing(): void {
    if (this.#state.phase !== 'closing') this.#state = { phase: 'closing', before: this.#state };
  }
}
