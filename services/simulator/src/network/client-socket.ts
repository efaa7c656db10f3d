import { errorFromServer, RankdError, type SeatConnection } from '@rankd/client/internal';
import {
  type ClientMessage,
  encodeFrame,
  FrameDecoder,
  parseFrame,
  type RawField,
  type ServerMessage,
} from '@rankd/protocol';
import type { PipeReader, SimulatedPipe } from '@rankd/testkit';

const FRAME_BYTES_MAX = 1_048_576;

export interface ClientSocketListener {
  took(message: ServerMessage): void;
  /** Once, last. */
  over(error: RankdError): void;
}

/** A client's end of a simulated connection: what the library's `Link` makes of a socket. */
export class ClientSocket implements SeatConnection, PipeReader {
  readonly #up: SimulatedPipe;
  readonly #down: SimulatedPipe;
  readonly #listener: ClientSocketListener;
  readonly #decoder = new FrameDecoder(FRAME_BYTES_MAX);
  #state: 'open' | 'over' = 'open';

  constructor(up: SimulatedPipe, down: SimulatedPipe, listener: ClientSocketListener) {
    this.#up = up;
    this.#down = down;
    this.#listener = listener;
  }

  send(message: ClientMessage, raw?: RawField): void {
    this.write(encodeFrame(message, raw));
  }

  write(frame: string): void {
    if (this.#state === 'open') this.#up.write(Buffer.from(frame));
  }

  /** R-LEAD-3: its own end is closed before anybody can hear of it. */
  end(reason: RankdError): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#down.abandon();
    this.#up.end('fin', 'dropped');
    this.#listener.over(reason);
  }

  received(bytes: Buffer): void {
    if (this.#state === 'over') return;
    this.#decoder.push(bytes);
    for (let frame = this.#decoder.next(); frame !== undefined && this.isOpen(); frame = this.#decoder.next()) {
      const message = frame.kind === 'line' ? parseFrame(frame.text) : undefined;
      if (message === undefined) return this.end(new RankdError('BAD_FRAME', 'from the server'));
      this.#take(message as unknown as ServerMessage);
    }
  }

  ended(): void {
    this.end(new RankdError('NOT_CONNECTED', 'the server closed the connection'));
  }

  isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Its process is gone; the operating system says so to the other end, unless the machine is gone too. */
  die(how: 'fin' | 'rst' | 'lost'): void {
    this.#state = 'over';
    this.#down.abandon();
    if (how === 'lost') this.#up.hold('lost');
    else this.#up.end(how, 'dropped');
  }

  #take(message: ServerMessage): void {
    this.#listener.took(message);
    if (message.type === 'bye') this.end(errorFromServer(message));
  }
}
