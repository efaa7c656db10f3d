import {
  checkClientMessage,
  encodeFrame,
  explain,
  FrameDecoder,
  limits,
  parseFrame,
  type ClientMessage,
  type ErrorCode,
  type HelloMessage,
  type ServerMessage,
} from '@rankd/protocol';
import type { Group, Interest, Member, Told } from '../core/index.js';
import { AskLimit } from './ask-limit.js';
import type { Connection } from './connection.js';
import { byeMessage } from './frames.js';
import type { Gateway } from './gateway.js';
import { handleMessage } from './handlers/index.js';
import type { Pulse } from './keepalive.js';
import { Outbox } from './outbox.js';

/** Where a session stands; the one field that says so. */
export type SessionState =
  | { readonly phase: 'greeting'; readonly openedAtMs: number; readonly hello: HelloMessage | undefined }
  | ActiveState
  /** Its `bye` is said; what still arrives is ignored. */
  | { readonly phase: 'closing' };

/** A session that speaks for a member. */
export interface ActiveState {
  readonly phase: 'active';
  readonly member: Member;
  readonly group: Group;
  readonly interest: Interest;
  /** None for a person at netcat, who said `heartbeat: false`. */
  readonly pulse: Pulse | undefined;
  told: Told;
  /** Rises with every command that this session has sent. */
  commandsSent: number;
}

/** One connection and what it has said so far. Reads frames, hands messages on, says what it is told to say. */
export class Session {
  readonly id: string;
  readonly connection: Connection;
  readonly outbox: Outbox;
  /** R-ASK-1 */
  readonly asked = new AskLimit(10);
  readonly #gateway: Gateway;
  readonly #decoder = new FrameDecoder(limits.helloFrameBytesMax);
  #state: SessionState;

  constructor(id: string, connection: Connection, gateway: Gateway) {
    this.id = id;
    this.connection = connection;
    this.#gateway = gateway;
    const { RANKD_BACKLOG_BYTES_MAX: backlogBytesMax, RANKD_STALL_MS: stallMs } = gateway.config;
    this.outbox = new Outbox(connection, { backlogBytesMax, stallMs }, gateway.traffic);
    this.#state = { phase: 'greeting', openedAtMs: gateway.livedMs, hello: undefined };
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
    const checked = checkClientMessage(frame);
    if (checked.kind === 'bad') this.end('BAD_MESSAGE', checked.detail);
    else this.#dispatch(checked.message);
  }

  #dispatch(message: ClientMessage): void {
    if (this.#state.phase === 'greeting' && message.type !== 'hello') this.end('HELLO_EXPECTED', message.type);
    else handleMessage(message, this, this.#gateway);
  }

  /** The hello is in order; the log decides what becomes of it. */
  asks(hello: HelloMessage): void {
    if (this.#state.phase === 'greeting') this.#state = { ...this.#state, hello };
  }

  /** R-JOIN-3: from here on it speaks for `active.member`. */
  activate(active: ActiveState): void {
    this.#decoder.allow(this.#gateway.config.RANKD_FRAME_BYTES_MAX);
    this.#state = active;
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

  /** R-BYE-1: says why, then closes. A member whose session ends has left, for that reason. */
  end(code: ErrorCode, detail?: string, retryAfterMs?: number): void {
    if (this.#state.phase === 'closing') return;
    const before = this.#state;
    this.outbox.push(encodeFrame(byeMessage(code, detail, retryAfterMs)));
    this.#state = { phase: 'closing' };
    this.outbox.flush();
    if (code === 'SLOW_CONSUMER' || code === 'HEARTBEAT_TIMEOUT') this.connection.destroy();
    else this.connection.end();
    this.#gateway.sessionEnded(this, before, code, detail ?? explain(code));
  }

  /** The peer's own end is closed: a departure at once (R-VIEW-4). */
  closed(): void {
    if (this.#state.phase === 'closing') return;
    const before = this.#state;
    this.#state = { phase: 'closing' };
    this.connection.destroy();
    this.#gateway.sessionEnded(this, before, 'CLOSED', 'its own end closed the connection');
  }
}
