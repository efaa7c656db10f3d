/** The client's end of a simulated connection. */

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

/** Receives the messages of a ClientSocket. */
export interface ClientSocketListener {
  onMessage(message: ServerMessage): void;
  /** Called once, after the last message. */
  onClosed(error: RankdError): void;
}

/** The client's end of a simulated connection. It decodes frames as the library's `Connection` does. */
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

  /** Closes the client's end before the listener is called (R-LEAD-3). */
  end(reason: RankdError): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#down.abandon();
    this.#up.end('fin', 'dropped');
    this.#listener.onClosed(reason);
  }

  received(bytes: Buffer): void {
    if (this.#state === 'over') return;
    this.#decoder.push(bytes);
    for (let frame = this.#decoder.next(); frame !== undefined && this.isOpen(); frame = this.#decoder.next()) {
      const message = frame.kind === 'line' ? parseFrame(frame.text) : undefined;
      if (message === undefined) return this.end(new RankdError('BAD_FRAME', 'from the server'));
      this.#deliverMessage(message as unknown as ServerMessage);
    }
  }

  ended(): void {
    this.end(new RankdError('NOT_CONNECTED', 'the server closed the connection'));
  }

  isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Closes the connection of a dead process. The operating system closes or resets it, unless the machine is lost too. */
  abort(how: 'fin' | 'rst' | 'lost'): void {
    this.#state = 'over';
    this.#down.abandon();
    if (how === 'lost') this.#up.hold('lost');
    else this.#up.end(how, 'dropped');
  }

  #deliverMessage(message: ServerMessage): void {
    this.#listener.onMessage(message);
    if (message.type === 'bye') this.end(errorFromServer(message));
  }
}
