import {
  checkClientMessage,
  encodeFrame,
  type CommandMessage,
  type ForwardedResultMessage,
  type OutcomeMessage,
  type ReceiptMessage,
  type Target,
} from '@rankd/protocol';
import { PendingCommands } from './pending-commands.js';
import { payloadOf } from './payload.js';
import { orAborted, RankdError } from '../rankd-error.js';
import { ResultStream } from './result-stream.js';
import type { Seat } from '../session/seat.js';
import type { CommandResult, Sheet } from './sheet.js';

/** Whom a command is for, and how long it may take. */
export interface CommandOptions {
  /** Whom it is aimed at; everyone below unless named. */
  readonly to?: Target;
  /** How long recipients have, ms; 5000 unless named. */
  readonly deadlineMs?: number;
  /** Stops waiting; what was ordered is executed all the same. */
  readonly signal?: AbortSignal;
}

/** A command that is about to be sent. */
interface Order {
  readonly name: string;
  readonly args: unknown;
  readonly options: CommandOptions;
}

/** What this member orders others to do, and what comes of it. */
export class CommandSender {
  readonly #book = new PendingCommands();
  readonly #seat: () => Seat | undefined;

  /** `seat`: where it sits when it sends. */
  constructor(seat: () => Seat | undefined) {
    this.#seat = seat;
  }

  async send(name: string, args: unknown, options: CommandOptions = {}): Promise<Sheet> {
    const sheet = this.#send({ name, args, options }, 'outcome', () => undefined);
    return orAborted(sheet, options.signal);
  }

  stream(name: string, args: unknown, options: CommandOptions = {}): ResultStream {
    const queue = new ResultStream();
    const sheet = this.#send({ name, args, options }, 'each', result => queue.push(result));
    orAborted(sheet, options.signal).then(
      () => queue.end(),
      (error: unknown) => queue.fail(error as Error),
    );
    return queue;
  }

  take(message: ReceiptMessage | ForwardedResultMessage | OutcomeMessage): void {
    switch (message.type) {
      case 'receipt':
        return this.#book.receipt(message);
      case 'result':
        return this.#book.result(message);
      case 'outcome':
        return this.#book.outcome(message);
      default:
        message satisfies never;
    }
  }

  /** The session is over: what was open has an outcome that nobody will tell. */
  abandon(error: RankdError): void {
    this.#book.abandon(error);
  }

  async #send(
    { name, args, options }: Order,
    reply: 'outcome' | 'each',
    onResult: (result: CommandResult) => void,
  ): Promise<Sheet> {
    const { to, deadlineMs, signal } = options;
    if (signal?.aborted === true) throw new RankdError('ABORTED', undefined, { cause: signal.reason });
    const seat = this.#seat();
    if (seat === undefined) throw new RankdError('NOT_CONNECTED');
    const id = this.#book.nextId();
    const message: CommandMessage = {
      type: 'command',
      id,
      name,
      reply,
      ...(to === undefined ? {} : { to }),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    };
    const frame = commandFrame(message, args, seat.welcome.frameBytesMax);
    const sheet = this.#book.enter(id, onResult);
    seat.link.write(frame);
    return sheet;
  }
}

/** @throws RankdError BAD_ARGUMENT, PAYLOAD_TOO_LARGE: what the coordinator would end the session for is not sent. */
function commandFrame(message: CommandMessage, args: unknown, frameBytesMax: number): string {
  const checked = checkClientMessage(message);
  if (checked.kind === 'bad') throw new RankdError('BAD_ARGUMENT', checked.detail);
  const frame = encodeFrame(message, payloadOf('args', args, frameBytesMax));
  const bytes = Buffer.byteLength(frame);
  if (bytes > frameBytesMax) throw new RankdError('PAYLOAD_TOO_LARGE', `the list in "to" makes ${bytes} bytes`);
  return frame;
}
