import type { Duplex } from 'node:stream';
import {
  encodeFrame,
  type ByeMessage,
  FrameDecoder,
  parseFrame,
  type ClientMessage,
  type HelloMessage,
  type ObserverViewMessage,
  type ObserverWelcomeMessage,
  type RawField,
  type ServerMessage,
  type ViewMessage,
  type WelcomeMessage,
} from '@rankd/protocol';
import { errorFromServer, RankdError } from '../rankd-error.js';
import { StallDetector } from './stall-detector.js';
import { addressInWords, type ServerAddress } from './server-address.js';
import { openSocket, type DialTarget } from './dial.js';

const CONNECT_MS = 5000;
/** Longer than any server's hello timeout: a lost hello is sent again by TCP, a lost server is not. */
const WELCOME_MS = 10_000;
/** What a frame from the server may measure; a server is configured to send less. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024;

/** What every session is told, whatever its role. */
type CommonMessage = Exclude<
  ServerMessage,
  WelcomeMessage | ObserverWelcomeMessage | ViewMessage | ObserverViewMessage | ByeMessage
>;

/** What a member is told after, and on the way to, welcome. */
export type SessionMessage = CommonMessage | ViewMessage;

/** What an observer is told after welcome. */
export type ObserverMessage = CommonMessage | ObserverViewMessage;

interface Listener<Welcome, Message> {
  welcomed(welcome: Welcome): void;
  /** `arrivedAtMs`: when it came, at the earliest, by the monotonic clock. */
  took(message: Message, arrivedAtMs: number): void;
  /** Once, last. */
  ended(error: RankdError): void;
}

export type ConnectionListener = Listener<WelcomeMessage, SessionMessage>;
export type ObserverConnectionListener = Listener<ObserverWelcomeMessage, ObserverMessage>;
export type ObserverHello = HelloMessage & { readonly role: 'observer' };

/** One connection to a coordinator: frames in and out, and why it ended. */
export class Connection {
  readonly #socket: Duplex;
  readonly #decoder = new FrameDecoder(FRAME_BYTES_MAX);
  readonly #wakefulness = new StallDetector();
  #listener: Listener<unknown, unknown> | undefined;
  #welcomeTimer: NodeJS.Timeout | undefined;
  #ended: RankdError | undefined;

  private constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#received(bytes));
    socket.on('error', error => this.end(new RankdError('NOT_CONNECTED', error.message)));
    // `close` would wait for what is still to be written, which the other end may never read.
    for (const event of ['end', 'close']) {
      socket.on(event, () => this.end(new RankdError('NOT_CONNECTED', 'the server closed the connection')));
    }
  }

  /** @throws RankdError CONNECT_FAILED, ABORTED */
  static async open(
    address: ServerAddress,
    way: DialTarget,
    signal: AbortSignal,
    withinMs: number,
  ): Promise<Connection> {
    const connectMs = Math.max(0, Math.min(CONNECT_MS, Math.round(withinMs)));
    const giveUp = AbortSignal.any([signal, AbortSignal.timeout(connectMs)]);
    try {
      return new Connection(await openSocket(address, way, giveUp, `no connection within ${connectMs} ms`));
    } catch (error) {
      if (signal.aborted) throw new RankdError('ABORTED', undefined, { cause: signal.reason });
      throw new RankdError('CONNECT_FAILED', `${addressInWords(address)}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /** Says hello and tells `listener` what comes of it, each frame as it is read. What comes depends on the role. */
  start(hello: ObserverHello, listener: ObserverConnectionListener): void;
  start(hello: HelloMessage, listener: ConnectionListener): void;
  start(hello: HelloMessage, listener: ConnectionListener | ObserverConnectionListener): void {
    this.#listener = listener;
    if (this.#ended !== undefined) {
      listener.ended(this.#ended);
      return;
    }
    this.#welcomeTimer = setTimeout(() => this.end(new RankdError('CONNECT_FAILED', 'no welcome came')), WELCOME_MS);
    this.send(hello);
  }

  send(message: ClientMessage, raw?: RawField): void {
    this.write(encodeFrame(message, raw));
  }

  write(frame: string): void {
    if (this.#socket.writable) this.#socket.write(frame);
  }

  /** Over at once, for this reason; the first reason counts. */
  end(reason: RankdError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#socket.destroy();
    this.#wakefulness.stop();
    clearTimeout(this.#welcomeTimer);
    this.#listener?.ended(reason);
  }

  /** Does nothing come of it any more? */
  get isOver(): boolean {
    return this.#ended !== undefined;
  }

  /** As `isOver`, asked anew: what is done with a frame may end the link. */
  #hasEnded(): boolean {
    return this.isOver;
  }

  #received(bytes: Buffer): void {
    if (this.#hasEnded()) return;
    this.#decoder.push(bytes);
    for (let frame = this.#decoder.next(); frame !== undefined && !this.#hasEnded(); frame = this.#decoder.next()) {
      const message = frame.kind === 'line' ? parseFrame(frame.text) : undefined;
      if (message === undefined) {
        this.end(new RankdError('BAD_FRAME', 'from the server'));
        return;
      }
      this.#takeMessage(message as unknown as ServerMessage);
    }
  }

  #takeMessage(message: ServerMessage): void {
    if (message.type === 'bye') {
      this.end(errorFromServer(message));
    } else if (message.type === 'welcome') {
      clearTimeout(this.#welcomeTimer);
      this.#listener?.welcomed(message);
    } else {
      // On the waitlist a welcome may take as long as it takes; the pings tell that the server lives.
      if (message.type === 'waiting') clearTimeout(this.#welcomeTimer);
      this.#listener?.took(message, this.#wakefulness.arrivedAtMs);
    }
  }
}

/** A name with several addresses fails with one error an address, and no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join('; ');
  return error instanceof Error ? error.message : String(error);
}
