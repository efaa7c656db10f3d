/** Sends the commands of this member to its subordinates. A subordinate is a member with a larger rank number. */

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

/** Options of `Membership.command` and `Membership.stream`. */
export interface CommandOptions {
  /** Which members receive the command. Default: `below`, all subordinates. A list has at most 1000 entries (R-CMD-1). */
  readonly to?: Target;
  /**
   * How long recipients may take, ms, at least 1. Default: 5000. The server reduces it to RANKD_DEADLINE_MAX_MS (60 000 by
   * default) if it is larger.
   */
  readonly deadlineMs?: number;
  /**
   * What the server sends back. `outcome`, the default: the counts and the recipients that are not done. `each`: also the result of
   * each recipient, in `results` of the sheet. `stream` always uses `each`.
   */
  readonly reply?: 'outcome' | 'each';
  /** Stops waiting for the outcome: the call rejects with ABORTED. Recipients still execute the command. */
  readonly signal?: AbortSignal;
}

/** A command that has not been sent yet. */
interface CommandRequest {
  readonly name: string;
  readonly args: unknown;
  readonly options: CommandOptions;
}

/** Sends commands and resolves each one with its sheet: how each recipient ended. */
export class CommandSender {
  readonly #pending = new PendingCommands();
  readonly #getSeat: () => Seat | undefined;

  /** @param seat returns the seat on the current session, or undefined if there is none */
  constructor(seat: () => Seat | undefined) {
    this.#getSeat = seat;
  }

  /**
   * Sends a command and resolves with its sheet (R-CMD-7).
   * @throws RankdError as `Membership.command`
   */
  async send(name: string, args: unknown, options: CommandOptions = {}): Promise<Sheet> {
    const { reply = 'outcome' } = options;
    const results: CommandResult[] = [];
    const sheet = this.#sendCommand({ name, args, options }, reply, result => results.push(result), results);
    return rejectOnAbort(sheet, options.signal);
  }

  /**
   * Sends a command and returns its results as they arrive (R-CMD-6).
   * @throws RankdError from the iteration, as `Membership.command`
   */
  stream(name: string, args: unknown, options: CommandOptions = {}): ResultStream {
    const queue = new ResultStream();
    const sheet = this.#sendCommand({ name, args, options }, 'each', result => queue.push(result));
    rejectOnAbort(sheet, options.signal).then(
      () => queue.end(),
      (error: unknown) => queue.fail(error as Error),
    );
    return queue;
  }

  /** Passes a message about a command of this member to the command that waits for it. */
  handleMessage(message: ReceiptMessage | ForwardedResultMessage | OutcomeMessage): void {
    switch (message.type) {
      case 'receipt':
        return this.#pending.handleReceipt(message, this.#getSeat()?.rank);
      case 'result':
        return this.#pending.handleResult(message);
      case 'outcome':
        return this.#pending.handleOutcome(message);
      default:
        message satisfies never;
    }
  }

  /** Rejects every open command with `error`. Called when the session has ended: the outcomes can no longer arrive. */
  rejectAll(error: RankdError): void {
    this.#pending.rejectAll(error);
  }

  async #sendCommand(
    { name, args, options }: CommandRequest,
    reply: 'outcome' | 'each',
    onResult: (result: CommandResult) => void,
    results: readonly CommandResult[] = [],
  ): Promise<Sheet> {
    const { to, deadlineMs, signal } = options;
    checkReply(options.reply ?? reply);
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
    const sheet = this.#pending.add(id, onResult, { to, results });
    seat.connection.write(frame);
    return sheet;
  }
}

/** @throws RankdError BAD_ARGUMENT. The protocol also knows `none`, but then there is no outcome to wait for. */
function checkReply(reply: unknown): void {
  if (reply === 'outcome' || reply === 'each') return;
  throw new RankdError('BAD_ARGUMENT', `reply must be "outcome" or "each", not ${JSON.stringify(reply)}`);
}

/**
 * Encodes the frame of a command. The checks come first because the server ends a session that sends an invalid frame.
 * @throws RankdError BAD_ARGUMENT; PAYLOAD_TOO_LARGE
 */
function encodeCommand(message: CommandMessage, args: unknown, frameBytesMax: number): string {
  const checked = checkClientMessage(message);
  if (checked.kind === 'bad') throw new RankdError('BAD_ARGUMENT', checked.detail);
  const frame = encodeFrame(message, encodePayload('args', args, frameBytesMax));
  const bytes = Buffer.byteLength(frame);
  if (bytes > frameBytesMax)
    throw new RankdError('PAYLOAD_TOO_LARGE', `with its list "to" the command has ${bytes} bytes`);
  return frame;
}
