import {
  encodeFrame,
  explain,
  FrameDecoder,
  limits,
  readMessage,
  type ErrorCode,
  type MessageRead,
  type ServerMessage,
} from '@rankd/protocol';
import type { Clock } from '../../clock.js';
import type { OrderedLog } from '../../log/ordered-log.js';
import type { Heartbeat } from '../liveness/keepalive.js';
import type { ClosedBy, Connection } from '../transport/connection.js';
import { Outbox, type OutboxLimits, type Traffic } from './outbox.js';
import { QueryRateLimit } from './query-rate-limit.js';
import type { ActiveState, AdmissionRequest, ObservingState, SessionState, WaitingState } from './session-state.js';

/** Why a session ends: we say `bye` for a code, or its connection is over. `reason` is for the log. */
export type SessionEndCause =
  | {
      readonly kind: 'bye';
      readonly code: ErrorCode;
      readonly detail: string | undefined;
      readonly retryAfterMs: number | undefined;
      readonly reason: string;
    }
  | { readonly kind: 'closed'; readonly by: ClosedBy };

export interface SessionPorts {
  readonly frameBytesMax: number;
  readonly outboxLimits: OutboxLimits;
  readonly traffic: Traffic;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly stallFreeClock: { readonly nowMs: number };
  readonly log: Pick<OrderedLog, 'append'>;
  readonly flushCycle: { addSession(session: Session): void; flushSession(session: Session): void };
  readonly flowControl: { endOverfull(session: Session): void };
  readonly watchdog: { scheduleHeartbeat(session: Session, heartbeat: Heartbeat): void };
  readonly registry: { endSession(session: Session, cause: SessionEndCause): void };
  /** Handles a message that may come in the session's state. */
  readonly onMessage: (read: MessageRead, session: Session) => void;
}

/** One connection and where it stands: cuts what it sends into messages, and queues the frames for it alone. */
export class Session {
  readonly id: string;
  readonly connection: Connection;
  readonly outbox: Outbox;
  /** R-ASK-1 */
  readonly queryRateLimit = new QueryRateLimit(limits.asksPerSecond);
  readonly #ports: SessionPorts;
  readonly #decoder = new FrameDecoder(limits.helloFrameBytesMax);
  #state: SessionState;
  #intake: 'open' | 'paused' | 'undecided' = 'open';
  #receivedBytes = 0;
  #readAtMs = 0;

  constructor(id: string, connection: Connection, ports: SessionPorts) {
    this.id = id;
    this.connection = connection;
    this.#ports = ports;
    this.outbox = new Outbox(connection, ports.outboxLimits, ports.traffic);
    this.#state = { phase: 'greeting', openedAtMs: ports.stallFreeClock.nowMs, request: undefined };
  }

  get state(): SessionState {
    return this.#state;
  }

  /** How many bytes it has ever sent. */
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

  /** R-FLOW-1: handles no more of what it has sent, not even of what has been read already. */
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
   * The first state of an admission: requested. `reachGroup` has the log decide, at once or later. As long as it has not, the
   * admission is undecided and what the peer sends next waits. `enter` and then `resumeAfterAdmission` end that.
   */
  requestAdmission(request: AdmissionRequest, reachGroup: () => void): void {
    if (this.#state.phase !== 'greeting') return;
    this.#state = { ...this.#state, request };
    if (request.heartbeat !== undefined) this.#ports.watchdog.scheduleHeartbeat(this, request.heartbeat);
    reachGroup();
    // Narrowed above, but `reachGroup` may have changed it.
    if ((this.#state as SessionState).phase !== 'greeting') return;
    this.#intake = 'undecided';
    this.connection.pause();
  }

  /** The admission is decided: longer frames are accepted from here on (R-FRAME-2). */
  enter(state: WaitingState | ActiveState | ObservingState): void {
    if (state.phase !== 'waiting') this.#decoder.allow(this.#ports.frameBytesMax);
    this.#state = state;
  }

  /** Everything that the decision brings has been queued: what the peer has sent since its hello is handled now. */
  resumeAfterAdmission(): void {
    if (this.#intake === 'undecided') this.resume();
  }

  #readFrames(): void {
    this.#readAtMs = this.#ports.clock.wallMs();
    while (this.#intake === 'open') {
      const frame = this.#decoder.next();
      if (frame === undefined || this.#state.phase === 'closing') return;
      if (frame.kind === 'refused') this.end(frame.code);
      else this.#handleFrame(frame.text);
    }
  }

  #handleFrame(text: string): void {
    const read = readMessage(text);
    if (read.kind === 'bad-frame') {
      this.end('BAD_FRAME');
      return;
    }
    this.#confirmResumption();
    if (read.kind === 'bad-message') this.end('BAD_MESSAGE', read.detail);
    else if (this.#state.phase === 'greeting' && read.message.type !== 'hello') {
      this.end('HELLO_EXPECTED', read.message.type);
    } else {
      this.#ports.onMessage(read, this);
    }
  }

  /** R-JOIN-6: its first further frame shows that it has read its welcome. */
  #confirmResumption(): void {
    if (this.#state.phase !== 'active' || this.#state.resumption === 'none') return;
    this.#state.resumption = 'none';
    const { group, member } = this.#state;
    const { log } = this.#ports;
    log.append({ kind: 'confirmed', group: group.name, at: this.readAtMs, member: member.id, session: this.id });
  }

  sendMessage(message: ServerMessage): void {
    this.sendFrame(encodeFrame(message));
  }

  /** Queues a frame for this session alone, behind everything that has been sent to it so far. */
  sendFrame(frame: string): void {
    if (this.#state.phase === 'closing') return;
    if (!this.outbox.hasRoomForFrame(frame)) this.#ports.flowControl.endOverfull(this);
    else {
      this.#ports.flushCycle.addSession(this);
      this.outbox.addFrame(frame, this.#state.phase === 'active' ? this.#state.fanOut.pendingCount : 0);
    }
  }

  /** Writes what is queued now, without waiting for the end of the cycle. */
  flush(): void {
    this.#ports.flushCycle.flushSession(this);
  }

  /** Says why, then closes. A member whose session ends departs, for that reason. */
  end(code: ErrorCode, detail?: string, retryAfterMs?: number): void {
    this.#ports.registry.endSession(this, { kind: 'bye', code, detail, retryAfterMs, reason: detail ?? explain(code) });
  }

  /** The same, but the peer learns no more than the code. `reason` is for the log. */
  refuse(code: ErrorCode, reason: string): void {
    const cause = { kind: 'bye', code, detail: undefined, retryAfterMs: undefined, reason } as const;
    this.#ports.registry.endSession(this, cause);
  }

  /** Its connection is over. */
  endClosed(by: ClosedBy): void {
    this.#ports.registry.endSession(this, { kind: 'closed', by });
  }

  /** For the registry: nothing is read from it or queued for it any more. */
  enterClosing(): void {
    if (this.#state.phase !== 'closing') this.#state = { phase: 'closing', before: this.#state };
  }
}
