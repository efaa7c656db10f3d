import {
  checkClientMessage,
  type CommandMessage,
  encodeFrame,
  type ForwardedResultMessage,
  type OutcomeMessage,
  type ReceiptMessage,
  type Target,
} from '@rankd/protocol';
import { RankdError, rejectOnAbort } from '../rankd-error.js';
import type { Seat } from '../session/seat.js';
import { encodePayload } from './payload.js';
import { PendingCommands } from './pending-commands.js';
import { ResultStream } from './result-stream.js';
import type { CommandResult, Sheet } from './sheet.js';

/** Options of `command` and `stream`. */
export interface CommandOptions {
  /** The target. Default: all subordinates. */
  readonly to?: Target;
  /** How long recipients may take, ms. Default: 5000. */
  readonly deadlineMs?: number;
  /** Stops waiting for the outcome. Recipients execute the command nevertheless. */
  readonly signal?: AbortSignal;
}

/** A command that is about to be sent. */
interface CommandRequest {
  readonly name: string;
  readonly args: unknown;
  readonly options: CommandOptions;
}

/** Sends the commands of this member and resolves each one with its outcome. */
export class CommandSender {
  readonly #pending = new PendingCommands();
  readonly #getSeat: () => Seat | undefined;

  /** `seat` returns the current seat. Undefined while there is no session. */
  constructor(seat: () => Seat | undefined) {
    this.#getSeat = seat;
  }

  async send(name: string, args: unknown, options: CommandOptions = {}): Promise<Sheet> {
    const sheet = this.#sendCommand({ name, args, options }, 'outcome', () => undefined);
    return rejectOnAbort(sheet, options.signal);
  }

  stream(name: string, args: unknown, options: CommandOptions = {}): ResultStream {
    const queue = new ResultStream();
    const sheet = this.#sendCommand({ name, args, options }, 'each', result => queue.push(result));
    rejectOnAbort(sheet, options.signal).then(
      () => queue.end(),
      (error: unknown) => queue.fail(error as Error),
    );
    return queue;
  }

  handleMessage(message: ReceiptMessage | ForwardedResultMessage | OutcomeMessage): void {
    switch (message.type) {
      case 'receipt':
        return this.#pending.handleReceipt(message);
      case 'result':
        return this.#pending.handleResult(message);
      case 'outcome':
        return this.#pending.handleOutcome(message);
      default:
        message satisfies never;
    }
  }

  /** Rejects every open command: the session has ended, so its outcome is unknown. */
  rejectAll(error: RankdError): void {
    this.#pending.rejectAll(error);
  }

  async #sendCommand(
    { name, args, options }: CommandRequest,
    reply: 'outcome' | 'each',
    onResult: (result: CommandResult) => void,
  ): Promise<Sheet> {
    const { to, deadlineMs, signal } = options;
    if (signal?.aborted === true) throw new RankdError('ABORTED', undefined, { cause: signal.reason });
    const seat = this.#getSeat();
    if (seat === undefined) throw new RankdError('NOT_CONNECTED');
    const id = this.#pending.nextId();
    const message: CommandMessage = {
      type: 'command',
      id,
      name,
      reply,
      ...(to === undefined ? {} : { to }),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    };
    const frame = encodeCommand(message, args, seat.welcome.frameBytesMax);
    const sheet = this.#pending.add(id, onResult);
    seat.connection.write(frame);
    return sheet;
  }
}

/** @throws RankdError BAD_ARGUMENT, PAYLOAD_TOO_LARGE: what the coordinator would end the session for is not sent. */
function encodeCommand(message: CommandMessage, args: unknown, frameBytesMax: number): string {
  const checked = checkClientMessage(message);
  if (checked.kind === 'bad') throw new RankdError('BAD_ARGUMENT', checked.detail);
  const frame = encodeFrame(message, encodePayload('args', args, frameBytesMax));
  const bytes = Buffer.byteLength(frame);
  if (bytes > frameBytesMax) throw new RankdError('PAYLOAD_TOO_LARGE', `the list in "to" makes ${bytes} bytes`);
  return frame;
}
