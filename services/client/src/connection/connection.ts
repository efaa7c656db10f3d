/** One connection to a server: frames in both directions, from the hello to the end of the session. */

import type { Duplex } from 'node:stream';
import {
  type ByeMessage,
  type ClientMessage,
  encodeFrame,
  FrameDecoder,
  type HelloMessage,
  type ObserverViewMessage,
  onAbort,
  OpeningBytes,
  type ObserverWelcomeMessage,
  parseFrame,
  type RawField,
  type ServerMessage,
  type ViewMessage,
  type WelcomeMessage,
} from '@rankd/protocol';
import type { ClientEnvironment } from '../client-environment.js';
import type { Timer } from '../clock.js';
import { errorText } from '../error-text.js';
import { errorFromServer, RankdError } from '../rankd-error.js';
import { connectError, mistakeError, openingError, unansweredError } from './connect-mistake.js';
import { type DialTarget, openSocket } from './dial.js';
import { formatAddress, type ServerAddress } from './server-address.js';
import { StallDetector } from './stall-detector.js';

/** How long to wait for the TCP connection and the TLS handshake, ms. */
const CONNECT_MS = 5000;
/**
 * How long to wait for the welcome, ms. It is longer than the hello timeout of a server. TCP resends a lost hello, so a server that is
 * silent for this long does not work.
 */
const WELCOME_MS = 10_000;
/** The longest frame that is read from a server, bytes. It is larger than the largest RANKD_FRAME_BYTES_MAX. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024;

/** The messages that both members and observers receive. */
type CommonMessage = Exclude<
  ServerMessage,
  WelcomeMessage | ObserverWelcomeMessage | ViewMessage | ObserverViewMessage | ByeMessage
>;

/** The messages that a member receives, except welcome and bye. */
export type SessionMessage = CommonMessage | ViewMessage;

/** The messages that an observer receives, except welcome and bye. */
export type ObserverMessage = CommonMessage | ObserverViewMessage;

/** Receives the messages of a connection. */
interface MessageListener<Welcome, Message> {
  /** Called when the server has admitted this session. */
  handleWelcome(welcome: Welcome): void;
  /**
   * @param arrivedAtMs the earliest time at which the message can have arrived, by the monotonic clock
   * @param frame the message as the server wrote it. JSON.parse rounds large numbers
   */
  handleMessage(message: Message, arrivedAtMs: number, frame: string): void;
  /**
   * Called after a `bye`, before `handleEnd`. Returns what the close of the connection waits for. R-LEAD-1: after a `bye` to a leader, the
   * close of the client's end proves to the server that the leader has stopped.
   */
  untilStopped?(): Promise<void> | undefined;
  /** Called once, as the last call, with the reason for the end. */
  handleEnd(error: RankdError): void;
}

/** Receives the messages of a member's connection. */
export type ConnectionListener = MessageListener<WelcomeMessage, SessionMessage>;
/** Receives the messages of an observer's connection. */
export type ObserverConnectionListener = MessageListener<ObserverWelcomeMessage, ObserverMessage>;
/** The hello of an observer. */
export type ObserverHello = HelloMessage & { readonly role: 'observer' };

/** One connection to a server. Encodes and decodes frames, and keeps the reason for its end. */
export class Connection {
  readonly #socket: Duplex;
  readonly #decoder = new FrameDecoder(FRAME_BYTES_MAX);
  readonly #environment: ClientEnvironment;
  readonly #stallDetector: StallDetector;
  readonly #address: ServerAddress;
  /** The first bytes of the server, until its first frame has arrived. */
  #opening: OpeningBytes | undefined = new OpeningBytes();
  #listener: MessageListener<unknown, unknown> | undefined;
  #welcomeTimer: Timer | undefined;
  #endReason: RankdError | undefined;

  private constructor(socket: Duplex, address: ServerAddress, environment: ClientEnvironment) {
    this.#socket = socket;
    this.#address = address;
    this.#environment = environment;
    this.#stallDetector = new StallDetector(environment);
    socket.on('data', (bytes: Buffer) => this.#receiveBytes(bytes));
    socket.on('error', error => this.end(this.#socketError(error)));
    // Do not wait for `close` alone: it fires only after all data is written, and the other end may never read it.
    for (const event of ['end', 'close']) socket.on(event, () => this.end(this.#socketError(undefined)));
  }

  /**
   * Opens a connection to a server.
   * @param withinMs how long to try, ms; more than 5000 counts as 5000
   * @throws RankdError CONNECT_FAILED; ABORTED if `signal` is aborted
   */
  static async open(
    address: ServerAddress,
    target: DialTarget,
    signal: AbortSignal,
    withinMs: number,
    environment: ClientEnvironment,
  ): Promise<Connection> {
    const connectMs = Math.max(0, Math.min(CONNECT_MS, Math.round(withinMs)));
    const attempt = new AbortController();
    const abort = (): void =>
      attempt.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    const timer = environment.clock.after(connectMs, abort, 'background');
    const removeListener = onAbort(signal, () => attempt.abort(signal.reason));
    const timeoutMessage = `no connection within ${connectMs} ms`;
    try {
      const socket = await openSocket(address, target, attempt.signal, timeoutMessage, environment.connect);
      return new Connection(socket, address, environment);
    } catch (error) {
      if (signal.aborted) throw new RankdError('ABORTED', undefined, { cause: signal.reason });
      throw connectError(address, error, attempt.signal.aborted);
    } finally {
      // The signal is only for this attempt. The `dial` function may have passed it to the stream, and must not destroy the stream later.
      timer.cancel();
      removeListener();
    }
  }

  /** Sends the hello and passes each message that arrives to `listener`. The role in the hello decides which messages arrive. */
  sendHello(hello: ObserverHello, listener: ObserverConnectionListener): void;
  sendHello(hello: HelloMessage, listener: ConnectionListener): void;
  sendHello(hello: HelloMessage, listener: ConnectionListener | ObserverConnectionListener): void {
    this.#listener = listener;
    if (this.#endReason !== undefined) {
      listener.handleEnd(this.#endReason);
      return;
    }
    const noWelcome = mistakeError(
      'UNANSWERED',
      `${formatAddress(this.#address)}, no welcome arrived within ${WELCOME_MS} ms`,
    );
    this.#welcomeTimer = this.#environment.clock.after(WELCOME_MS, () => this.end(noWelcome));
    this.send(hello);
  }

  /** Sends a message. `raw` is a payload that is JSON text already. */
  send(message: ClientMessage, raw?: RawField): void {
    this.write(encodeFrame(message, raw));
  }

  /** Writes an encoded frame. Does nothing if the connection is closed. */
  write(frame: string): void {
    if (!this.#socket.writable) return;
    try {
      this.#socket.write(frame);
    } catch (error) {
      // The application wrote the stream of `dial`, and its method `_write` may throw.
      this.end(new RankdError('NOT_CONNECTED', errorText(error), { cause: error }));
    }
  }

  /** Holds back what is written from now on, until the returned function is called. */
  holdWrites(): () => void {
    this.#socket.cork();
    let isHeld = true;
    return () => {
      if (isHeld) this.#socket.uncork();
      isHeld = false;
    };
  }

  /** Closes the connection at once. `reason` is ignored if the connection has ended before. */
  end(reason: RankdError): void {
    if (this.#endReason !== undefined) return;
    this.#socket.destroy();
    this.#reportEnd(reason);
  }

  /** Ends the session after a `bye`. Reads nothing further, so that Node does not close this end when the server has closed its own. */
  #endByServer(reason: RankdError): void {
    const stopped = this.#listener?.untilStopped?.();
    if (stopped === undefined) {
      this.end(reason);
      return;
    }
    this.#socket.pause();
    void stopped.finally(() => this.#socket.destroy());
    this.#reportEnd(reason);
  }

  #reportEnd(reason: RankdError): void {
    this.#endReason = reason;
    this.#stallDetector.stop();
    this.#welcomeTimer?.cancel();
    this.#listener?.handleEnd(reason);
  }

  /** Whether the connection is closed. */
  get isEnded(): boolean {
    return this.#endReason !== undefined;
  }

  /**
   * Reads `isEnded` again, because handling a frame may close the connection. This is a method, because TypeScript assumes that a
   * getter returns the same value again.
   */
  #hasEnded(): boolean {
    return this.isEnded;
  }

  #receiveBytes(bytes: Buffer): void {
    if (this.#hasEnded()) return;
    const error = this.#checkOpening(bytes);
    if (error !== undefined) {
      this.end(error);
      return;
    }
    this.#decoder.push(bytes);
    for (let frame = this.#decoder.next(); frame !== undefined && !this.#hasEnded(); frame = this.#decoder.next()) {
      const message = frame.kind === 'line' ? parseFrame(frame.text) : undefined;
      if (frame.kind !== 'line' || message === undefined) {
        this.end(new RankdError('BAD_FRAME', 'from the server'));
        return;
      }
      this.#dispatchMessage(message as unknown as ServerMessage, frame.text);
    }
  }

  /** Returns the error if the first bytes are of another protocol. Such a server may never send the end of a line. */
  #checkOpening(bytes: Buffer): RankdError | undefined {
    const seen = this.#opening?.push(bytes);
    const error = openingError(seen, this.#opening?.text ?? '', this.#address);
    if (seen === undefined || error !== undefined) return error;
    this.#opening = undefined;
    return undefined;
  }

  /** Returns why the connection has ended. Before the first frame, the reason may be a mistake in the URL or in a certificate. */
  #socketError(error: Error | undefined): RankdError {
    return this.#opening === undefined
      ? new RankdError('NOT_CONNECTED', error?.message ?? 'the server closed the connection')
      : unansweredError(this.#address, error);
  }

  #dispatchMessage(message: ServerMessage, frame: string): void {
    if (message.type === 'bye') {
      this.#endByServer(errorFromServer(message));
    } else if (message.type === 'welcome') {
      this.#welcomeTimer?.cancel();
      this.#listener?.handleWelcome(message);
    } else {
      // On the waitlist there is no time limit, because the pings of the server prove that the server is alive.
      if (message.type === 'waiting') this.#welcomeTimer?.cancel();
      this.#listener?.handleMessage(message, this.#stallDetector.arrivedAtMs, frame);
    }
  }
}
