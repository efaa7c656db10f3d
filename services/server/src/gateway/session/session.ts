import {
  encodeFrame,
  explain,
  FrameDecoder,
  limits,
  readMessage,
  type ByeMessage,
  type ErrorCode,
  type ServerMessage,
} from '@rankd/protocol';
import { QueryRateLimit } from './query-rate-limit.js';
import type { SharedBatch } from '../delivery/shared-batch.js';
import type { ClosedBy, Connection } from '../transport/connection.js';
import { byeMessage } from '../frames/session-frames.js';
import type { Gateway } from '../gateway.js';
import { handleMessage } from '../handlers/index.js';
import { Outbox } from './outbox.js';
import type { ActiveState, AdmissionRequest, ObservingState, SessionState, WaitingState } from './session-state.js';

/** A peer that is too far behind or silent would not read a goodbye: its connection is cut. */
const cutOff: ReadonlySet<ErrorCode> = new Set(['SLOW_CONSUMER', 'HEARTBEAT_TIMEOUT']);

/** One connection and what it has said so far. Takes frames, hands messages on, says what it is told to say. */
export class Session {
  readonly id: string;
  readonly connection: Connection;
  readonly outbox: Outbox;
  /** R-ASK-1 */
  readonly asks = new QueryRateLimit(limits.asksPerSecond);
  readonly #gateway: Gateway;
  readonly #decoder = new FrameDecoder(limits.helloFrameBytesMax);
  #state: SessionState;
  #intake: 'open' | 'paused' | 'undecided' = 'open';
  #receivedBytes = 0;
  #readAtMs = 0;

  constructor(id: string, connection: Connection, gateway: Gateway) {
    this.id = id;
    this.connection = connection;
    this.#gateway = gateway;
    this.outbox = new Outbox(connection, gateway.outboxLimits, gateway.traffic);
    this.#state = { phase: 'greeting', openedAtMs: gateway.livedMs, asked: undefined };
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Once everything of the read before has been taken; not while it is paused. */
  received(bytes: Buffer): void {
    this.#gateway.traffic.receivedBytes += bytes.length;
    this.#receivedBytes += bytes.length;
    if (this.#state.phase === 'closing') return;
    this.#decoder.push(bytes);
    this.#takeFrames();
  }

  /** R-FLOW-1: takes no more of what it has sent, not even of what has been read already. */
  pause(): void {
    this.#intake = 'paused';
    this.connection.pause();
  }

  resume(): void {
    this.#intake = 'open';
    this.#takeFrames();
    if (!this.isPaused) this.connection.resume();
  }

  get isPaused(): boolean {
    return this.#intake !== 'open';
  }

  /** The log has yet to answer its hello: what it says next waits for that. */
  awaitDecision(): void {
    if (this.#state.phase !== 'greeting') return;
    this.#intake = 'undecided';
    this.connection.pause();
  }

  /** Its hello has been answered. */
  proceed(): void {
    if (this.#intake === 'undecided') this.resume();
  }

  /** How much it has ever sent. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** When what it says now was taken: wall clock, ms since 1970. What one read brings is of one moment. */
  get readAtMs(): number {
    return this.#readAtMs;
  }

  #takeFrames(): void {
    this.#readAtMs = this.#gateway.clock.wallMs();
    while (this.#intake === 'open') {
      const frame = this.#decoder.next();
      if (frame === undefined || this.#state.phase === 'closing') return;
      if (frame.kind === 'refused') this.end(frame.code);
      else this.#take(frame.text);
    }
  }

  #take(text: string): void {
    const read = readMessage(text);
    if (read.kind === 'bad-frame') {
      this.end('BAD_FRAME');
      return;
    }
    this.#confirm();
    if (read.kind === 'bad-message') this.end('BAD_MESSAGE', read.detail);
    else if (this.#state.phase === 'greeting' && read.message.type !== 'hello') {
      this.end('HELLO_EXPECTED', read.message.type);
    } else {
      handleMessage(read, this, this.#gateway);
    }
  }

  /** R-JOIN-6: its first further frame shows that it has read its welcome. */
  #confirm(): void {
    if (this.#state.phase !== 'active' || this.#state.resumption === 'none') return;
    this.#state.resumption = 'none';
    const { group, member } = this.#state;
    const { log } = this.#gateway;
    log.append({ kind: 'confirmed', group: group.name, at: this.readAtMs, member: member.id, session: this.id });
  }

  /** The hello is in order; the log decides what becomes of it. */
  ask(asked: AdmissionRequest): void {
    if (this.#state.phase !== 'greeting') return;
    this.#state = { ...this.#state, asked };
    if (asked.pulse !== undefined) this.#gateway.beats(this, asked.pulse);
  }

  /** Its place is decided: longer frames are accepted from here on (R-FRAME-2). */
  enter(state: WaitingState | ActiveState | ObservingState): void {
    if (state.phase !== 'waiting') this.#decoder.allow(this.#gateway.config.RANKD_FRAME_BYTES_MAX);
    this.#state = state;
  }

  say(message: ServerMessage): void {
    this.push(encodeFrame(message));
  }

  /** Everything that this session alone is sent goes through here, in the order in which it is to be read. */
  push(frame: string): void {
    if (this.#state.phase === 'closing') return;
    if (!this.outbox.hasRoomFor(frame)) this.endOverfull();
    else {
      this.#gateway.writes(this);
      this.outbox.push(frame, this.#state.phase === 'active' ? this.#state.deliveries.count : 0);
    }
  }

  /** What this turn has brought it so far goes out. */
  flush(): void {
    this.outbox.flush();
    this.#gateway.written(this);
  }

  /** It has no share of what many are sent: what stood among that is to be written all the same. */
  deliverNothing(): void {
    this.outbox.settle();
    if (this.outbox.isCollecting) this.#gateway.writes(this);
  }

  /** Its share of what many are sent, to be written with what else the turn brings, or at once with all that it has brought. */
  deliver(share: SharedBatch, when: 'with-the-turn' | 'at-once'): 'delivered' | 'no-room' {
    if (this.#state.phase === 'closing') return 'delivered';
    if (!this.outbox.hasRoomForShare(share)) return 'no-room';
    if (when === 'at-once') {
      this.outbox.send(share);
      this.#gateway.written(this);
    } else {
      this.outbox.settle(share);
      this.#gateway.writes(this);
    }
    return 'delivered';
  }

  /** R-FLOW-1: it is too far behind. */
  endOverfull(): void {
    this.end('SLOW_CONSUMER', `more than ${this.#gateway.config.RANKD_BACKLOG_BYTES_MAX} bytes unread`);
  }

  /** R-BYE-1: says why, then closes. A member whose session ends departs, for that reason. */
  end(code: ErrorCode, detail?: string, retryAfterMs?: number): void {
    this.#end(code, byeMessage(code, detail, retryAfterMs), detail ?? explain(code));
  }

  /** Why is for the log alone: who is kept out learns no more than the code. */
  refuse(code: ErrorCode, reason: string): void {
    this.#end(code, byeMessage(code), reason);
  }

  #end(code: ErrorCode, bye: ByeMessage, reason: string): void {
    const before = this.#state;
    if (before.phase === 'closing') return;
    if (before.phase === 'active') before.deliveries.settle();
    this.outbox.settle();
    this.outbox.push(encodeFrame(bye));
    this.#state = { phase: 'closing', before };
    this.outbox.flush();
    if (cutOff.has(code)) this.connection.destroy();
    else this.connection.end();
    this.#gateway.sessionEnded(this, before, code, reason);
  }

  /** The connection is over. By the peer: a departure at once (R-VIEW-4), and proof that it has stopped (R-LEAD-1). */
  closed(by: ClosedBy): void {
    const before = this.#state;
    if (before.phase === 'closing') {
      this.#gateway.stopping.closed(this, by);
      return;
    }
    this.#state = { phase: 'closing', before };
    // First what others have to hear: taking a connection apart takes its time.
    this.#gateway.sessionEnded(this, before, 'CLOSED', 'its own end closed the connection');
    this.#gateway.stopping.closed(this, by);
    this.connection.destroy();
  }
}
