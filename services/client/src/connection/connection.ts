import type { Duplex } from 'node:stream';
import {
  type ByeMessage,
  type ClientMessage,
  encodeFrame,
  FrameDecoder,
  type HelloMessage,
  type ObserverViewMessage,
  type ObserverWelcomeMessage,
  parseFrame,
  type RawField,
  type ServerMessage,
  type ViewMessage,
  type WelcomeMessage,
} from '@rankd/protocol';
import type { ClientEnvironment } from '../client-environment.js';
import type { Timer } from '../clock.js';
import { errorFromServer, RankdError } from '../rankd-error.js';
import { type DialTarget, openSocket } from './dial.js';
import { formatAddress, type ServerAddress } from './server-address.js';
import { StallDetector } from './stall-detector.js';

const CONNECT_MS = 5000;
/** How long to wait for the welcome. It is longer than a server's hello timeout: TCP repeats a lost hello, so only a lost server is silent. */
const WELCOME_MS = 10_000;
/** What a frame from the server may measure; a server is configured to send less. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024;

/** The messages that a session of any role receives. */
type CommonMessage = Exclude<
  ServerMessage,
  WelcomeMessage | ObserverWelcomeMessage | ViewMessage | ObserverViewMessage | ByeMessage
>;

/** The messages that a member receives before and after its welcome, except welcome and bye. */
export type SessionMessage = CommonMessage | ViewMessage;

/** The messages that an observer receives after its welcome. */
export type ObserverMessage = CommonMessage | ObserverViewMessage;

interface MessageListener<Welcome, Message> {
  handleWelcome(welcome: Welcome): void;
  /** `arrivedAtMs`: when it came, at the earliest, by the monotonic clock. */
  handleMessage(message: Message, arrivedAtMs: number): void;
  /** Once, last. */
  handleEnd(error: RankdError): void;
}

export type ConnectionListener = MessageListener<WelcomeMessage, SessionMessage>;
export type ObserverConnectionListener = MessageListener<ObserverWelcomeMessage, ObserverMessage>;
export type ObserverHello = HelloMessage & { readonly role: 'observer' };

/** One connection to a server: decodes and encodes frames, and keeps the reason for its end. */
export class Connection {
  readonly #socket: Duplex;
  readonly #decoder = new FrameDecoder(FRAME_BYTES_MAX);
  readonly #environment: ClientEnvironment;
  readonly #stallDetector: StallDetector;
  #listener: MessageListener<unknown, unknown> | undefined;
  #welcomeTimer: Timer | undefined;
  #endReason: RankdError | undefined;

  private constructor(socket: Duplex, environment: ClientEnvironment) {
    this.#socket = socket;
    this.#environment = environment;
    this.#stallDetector = new StallDetector(environment);
    socket.on('data', (bytes: Buffer) => this.#receiveBytes(bytes));
    socket.on('error', error => this.end(new RankdError('NOT_CONNECTED', error.message)));
    // `close` would wait for what is still to be written, which the other end may never read.
    for (const event of ['end', 'close']) {
      socket.on(event, () => this.end(new RankdError('NOT_CONNECTED', 'the server closed the connection')));
    }
  }

  /**
   * Opens a connection to a server.
   * @param withinMs how long to try, ms; at most 5 s are used
   * @throws RankdError CONNECT_FAILED, ABORTED
   */
  static async open(
    address: ServerAddress,
    target: DialTarget,
    signal: AbortSignal,
    withinMs: number,
    environment: ClientEnvironment,
  ): Promise<Connection> {
    const connectMs = Math.max(0, Math.min(CONNECT_MS, Math.round(withinMs)));
    const timeout = new AbortController();
    const abort = (): void =>
      timeout.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    environment.clock.after(connectMs, abort, 'background');
    const attempt = AbortSignal.any([signal, timeout.signal]);
    const timeoutMessage = `no connection within ${connectMs} ms`;
    try {
      const socket = await openSocket(address, target, attempt, timeoutMessage, environment.connect);
      return new Connection(socket, environment);
    } catch (error) {
      if (signal.aborted) throw new RankdError('ABORTED', undefined, { cause: signal.reason });
      throw new RankdError('CONNECT_FAILED', `${formatAddress(address)}: ${errorText(error)}`, { cause: error });
    }
  }

  /** Sends the hello and passes each message that arrives to `listener`. The messages depend on the role. */
  sendHello(hello: ObserverHello, listener: ObserverConnectionListener): void;
  sendHello(hello: HelloMessage, listener: ConnectionListener): void;
  sendHello(hello: HelloMessage, listener: ConnectionListener | ObserverConnectionListener): void {
    this.#listener = listener;
    if (this.#endReason !== undefined) {
      listener.handleEnd(this.#endReason);
      return;
    }
    const noWelcome = new RankdError('CONNECT_FAILED', 'no welcome came');
    this.#welcomeTimer = this.#environment.clock.after(WELCOME_MS, () => this.end(noWelcome));
    this.send(hello);
  }

  send(message: ClientMessage, raw?: RawField): void {
    this.write(encodeFrame(message, raw));
  }

  write(frame: string): void {
    if (this.#socket.writable) this.#socket.write(frame);
  }

  /** Closes the connection at once. Only the first reason counts. */
  end(reason: RankdError): void {
    if (this.#endReason !== undefined) return;
    this.#endReason = reason;
    this.#socket.destroy();
    this.#stallDetector.stop();
    this.#welcomeTimer?.cancel();
    this.#listener?.handleEnd(reason);
  }

  /** Whether the connection is closed. */
  get isEnded(): boolean {
    return this.#endReason !== undefined;
  }

  /** `isEnded`, read again: handling a frame may close the connection. The compiler would narrow the getter. */
  #hasEnded(): boolean {
    return this.isEnded;
  }

  #receiveBytes(bytes: Buffer): void {
    if (this.#hasEnded()) return;
    this.#decoder.push(bytes);
    for (let frame = this.#decoder.next(); frame !== undefined && !this.#hasEnded(); frame = this.#decoder.next()) {
      const message = frame.kind === 'line' ? parseFrame(frame.text) : undefined;
      if (message === undefined) {
        this.end(new RankdError('BAD_FRAME', 'from the server'));
        return;
      }
      this.#dispatchMessage(message as unknown as ServerMessage);
    }
  }

  #dispatchMessage(message: ServerMessage): void {
    if (message.type === 'bye') {
      this.end(errorFromServer(message));
    } else if (message.type === 'welcome') {
      this.#welcomeTimer?.cancel();
      this.#listener?.handleWelcome(message);
    } else {
      // On the waitlist a welcome may take as long as it takes; the pings tell that the server lives.
      if (message.type === 'waiting') this.#welcomeTimer?.cancel();
      this.#listener?.handleMessage(message, this.#stallDetector.arrivedAtMs);
    }
  }
}

/** A name with several addresses fails with one error an address, and no message of its own. */
function errorText(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(errorText))].join('; ');
  return error instanceof Error ? error.message : String(error);
}
