import {
  checkClientMessage,
  encodeFrame,
  explain,
  FrameDecoder,
  limits,
  parseFrame,
  type ErrorCode,
  type ServerMessage,
} from '@rankd/protocol';
import { AskLimit } from './ask-limit.js';
import type { ClosedBy, Connection } from './connection.js';
import { byeMessage } from './frames.js';
import type { Gateway } from './gateway.js';
import { handleMessage } from './handlers/index.js';
import { Outbox } from './outbox.js';
import type { ActiveState, Asked, ObservingState, SessionState, WaitingState } from './session-state.js';

/** A peer that is too far behind or silent would not read a goodbye: its connection is cut. */
const cutOff: ReadonlySet<ErrorCode> = new Set(['SLOW_CONSUMER', 'HEARTBEAT_TIMEOUT']);

/** One connection and what it has said so far. Reads frames, hands messages on, says what it is told to say. */
export class Session {
  readonly id: string;
  readonly connection: Connection;
  readonly outbox: Outbox;
  /** R-ASK-1 */
  readonly asks = new AskLimit(limits.asksPerSecond);
  readonly #gateway: Gateway;
  readonly #decoder = new FrameDecoder(limits.helloFrameBytesMax);
  #state: SessionState;

  constructor(id: string, connection: Connection, gateway: Gateway) {
    this.id = id;
    this.connection = connection;
    this.#gateway = gateway;
    const { RANKD_BACKLOG_BYTES_MAX: backlogBytesMax, RANKD_STALL_MS: stallMs } = gateway.config;
    this.outbox = new Outbox(connection, { backlogBytesMax, stallMs }, gateway.traffic);
    this.#state = { phase: 'greeting', openedAtMs: gateway.livedMs, asked: undefined };
  }

  get state(): SessionState {
    return this.#state;
  }

  received(bytes: Buffer): void {
    this.#gateway.traffic.receivedBytes += bytes.length;
    for (const frame of this.#decoder.push(bytes)) {
      if (this.#state.phase === 'closing') return;
      if (frame.kind === 'refused') {
        this.end(frame.code);
        return;
      }
      this.#take(frame.text);
    }
  }

  #take(text: string): void {
    const frame = parseFrame(text);
    if (frame === undefined) {
      this.end('BAD_FRAME');
      return;
    }
    this.#confirm();
    const checked = checkClientMessage(frame);
    if (checked.kind === 'bad') this.end('BAD_MESSAGE', checked.detail);
    else if (this.#state.phase === 'greeting' && checked.message.type !== 'hello') {
      this.end('HELLO_EXPECTED', checked.message.type);
    } else {
      handleMessage(checked.message, this, this.#gateway);
    }
  }

  /** R-JOIN-6: its first further frame shows that it has read its welcome. */
  #confirm(): void {
    if (this.#state.phase !== 'active' || this.#state.resumption === 'none') return;
    this.#state.resumption = 'none';
    const { group, member } = this.#state;
    const { log, clock } = this.#gateway;
    log.append({ kind: 'confirmed', group: group.name, at: clock.wallMs(), member: member.id, session: this.id });
  }

  /** The hello is in order; the log decides what becomes of it. */
  ask(asked: Asked): void {
    if (this.#state.phase === 'greeting') this.#state = { ...this.#state, asked };
  }

  /** Its place is decided: longer frames are accepted from here on (R-FRAME-2). */
  enter(state: WaitingState | ActiveState | ObservingState): void {
    if (state.phase !== 'waiting') this.#decoder.allow(this.#gateway.config.RANKD_FRAME_BYTES_MAX);
    this.#state = state;
  }

  say(message: ServerMessage): void {
    this.push(encodeFrame(message));
  }

  /** Everything that a session is sent goes through here, in the order in which it is to be read. */
  push(frame: Buffer): void {
    if (this.#state.phase === 'closing') return;
    if (this.outbox.push(frame)) this.#gateway.needsFlush(this);
    else this.end('SLOW_CONSUMER', `more than ${this.#gateway.config.RANKD_BACKLOG_BYTES_MAX} bytes unread`);
  }

  /** R-BYE-1: says why, then closes. A member whose session ends departs, for that reason. */
  end(code: ErrorCode, detail?: string, retryAfterMs?: number): void {
    const before = this.#state;
    if (before.phase === 'closing') return;
    this.outbox.push(encodeFrame(byeMessage(code, detail, retryAfterMs)));
    this.#state = { phase: 'closing', before };
    this.outbox.flush();
    if (cutOff.has(code)) this.connection.destroy();
    else this.connection.end();
    this.#gateway.sessionEnded(this, before, code, detail ?? explain(code));
  }

  /** The connection is over. By the peer: a departure at once (R-VIEW-4), and proof that it has stopped (R-LEAD-1). */
  closed(by: ClosedBy): void {
    const before = this.#state;
    if (before.phase === 'closing') {
      this.#gateway.stopping.closed(this, by);
      return;
    }
    this.#state = { phase: 'closing', before };
    this.connection.destroy();
    this.#gateway.sessionEnded(this, before, 'CLOSED', 'its own end closed the connection');
    this.#gateway.stopping.closed(this, by);
  }
}
