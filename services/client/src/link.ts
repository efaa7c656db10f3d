import { connect, type Socket } from 'node:net';
import {
  encodeFrame,
  FrameDecoder,
  parseFrame,
  type ClientMessage,
  type HelloMessage,
  type ServerMessage,
  type WelcomeMessage,
} from '@rankd/protocol';
import { errorFromServer, RankdError } from './rankd-error.js';
import type { ServerAddress } from './server-address.js';

const CONNECT_MS = 5000;
/** Longer than any server's hello timeout: a lost hello is sent again by TCP, a lost server is not. */
const WELCOME_MS = 10_000;
/** What a frame from the server may measure; a server is configured to send less. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024;

/** What the server says after welcome. */
export type SessionMessage = Exclude<ServerMessage, { type: 'welcome' | 'bye' }>;

export interface LinkListener {
  welcomed(welcome: WelcomeMessage): void;
  took(message: SessionMessage): void;
  /** Once, last. */
  ended(error: RankdError): void;
}

/** One connection to a coordinator: frames in and out, and why it ended. */
export class Link {
  readonly #socket: Socket;
  readonly #decoder = new FrameDecoder(FRAME_BYTES_MAX);
  #listener: LinkListener | undefined;
  #welcomeTimer: NodeJS.Timeout | undefined;
  #ended: RankdError | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', bytes => this.#received(bytes));
    socket.on('error', error => this.end(new RankdError('NOT_CONNECTED', error.message)));
    socket.on('close', () => this.end(new RankdError('NOT_CONNECTED', 'the server closed the connection')));
  }

  /** @throws RankdError CONNECT_FAILED, ABORTED */
  static async open({ host, port }: ServerAddress, signal: AbortSignal): Promise<Link> {
    const socket = connect({ host, port, noDelay: true });
    const giveUp = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve).once('error', reject);
        giveUp.addEventListener('abort', () => reject(new Error(`no connection within ${CONNECT_MS} ms`)), {
          once: true,
        });
      });
    } catch (error) {
      socket.destroy();
      if (signal.aborted) throw new RankdError('ABORTED', undefined, { cause: signal.reason });
      throw new RankdError('CONNECT_FAILED', `${host}:${port}: ${(error as Error).message}`, { cause: error });
    }
    socket.removeAllListeners('error');
    return new Link(socket);
  }

  /** Says hello and tells `listener` what comes of it, each frame as it is read. */
  start(hello: HelloMessage, listener: LinkListener): void {
    this.#listener = listener;
    if (this.#ended !== undefined) {
      listener.ended(this.#ended);
      return;
    }
    this.#welcomeTimer = setTimeout(() => this.end(new RankdError('CONNECT_FAILED', 'no welcome came')), WELCOME_MS);
    this.send(hello);
  }

  send(message: ClientMessage): void {
    if (this.#socket.writable) this.#socket.write(encodeFrame(message));
  }

  /** Sends what waits, then closes. */
  close(): void {
    this.#socket.end();
  }

  /** Over at once, for this reason; the first reason counts. */
  end(reason: RankdError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#socket.destroy();
    clearTimeout(this.#welcomeTimer);
    this.#listener?.ended(reason);
  }

  #received(bytes: Buffer): void {
    for (const frame of this.#decoder.push(bytes)) {
      if (this.#ended !== undefined) return;
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
      this.end(errorFromServer(message.code, message.message, message.retryAfterMs));
    } else if (message.type === 'welcome') {
      clearTimeout(this.#welcomeTimer);
      this.#listener?.welcomed(message);
    } else {
      this.#listener?.took(message);
    }
  }
}
