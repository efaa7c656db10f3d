/** Sends the commands of this member to its subordinates. A subordinate is a member with a larger rank number. */

import {
  type CommandMessage,
  encodeFrame,
  type ForwardedResultMessage,
  type Json,
  type OutcomeMessage,
  type ReceiptMessage,
  type Target,
} from '@rankd/protocol';
import { checkArgument, checkOptions } from '../arguments/check-argument.js';
import { toJsonTree } from '../arguments/json-tree.js';
import { commandNameRule, commandRules } from '../arguments/rules.js';
import { RankdError, rejectOnAbort } from '../rankd-error.js';
import type { Seat } from '../session/seat.js';
import { JsonText } from './json-text.js';
import { encodeJsonTree } from './payload.js';
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
    const results: CommandResult[] = [];
    const sheet = this.#sendCommand({ name, args, options }, undefined, result => results.push(result), results);
    return rejectOnAbort(sheet, signalOf(options));
  }

  /**
   * Sends a command and returns its results as they arrive (R-CMD-6).
   * @throws RankdError from the iteration, as `Membership.command`
   */
  stream(name: string, args: unknown, options: CommandOptions = {}): ResultStream {
    const queue = new ResultStream();
    const sheet = this.#sendCommand({ name, args, options }, 'each', result => queue.push(result));
    rejectOnAbort(sheet, signalOf(options)).then(
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

  /** Rejects every open command with OUTCOME_UNKNOWN. Called when the session has ended, with its reason: no outcome can arrive. */
  rejectAll(reason?: string): void {
    this.#pending.rejectAll(reason);
  }

  async #sendCommand(
    { name, args, options }: CommandRequest,
    fixedReply: 'each' | undefined,
    onResult: (result: CommandResult) => void,
    results: readonly CommandResult[] = [],
  ): Promise<Sheet> {
    checkArgument('the name of the command', name, commandNameRule);
    checkOptions('command', options, commandRules);
    const tree = args instanceof JsonText ? args : toJsonTree('args', args);
    const { to, deadlineMs, signal, reply = 'outcome' } = options;
    if (signal?.aborted === true) throw new RankdError('ABORTED', undefined, { cause: signal.reason });
    const seat = this.#getSeat();
    if (seat === undefined) throw new RankdError('NOT_CONNECTED');
    const id = this.#pending.nextId();
    const message: CommandMessage = {
      type: 'command',
      id,
      name,
      reply: fixedReply ?? reply,
      ...(to === undefined ? {} : { to }),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    };
    const frame = encodeCommand(message, tree, seat.welcome.frameBytesMax);
    const sheet = this.#pending.add(id, onResult, { to, results });
    seat.connection.write(frame);
    return sheet;
  }
}

/**
 * Encodes the frame of a command whose fields are checked. The server ends a session that sends an invalid frame.
 * @throws RankdError PAYLOAD_TOO_LARGE
 */
function encodeCommand(message: CommandMessage, args: Json | JsonText | undefined, frameBytesMax: number): string {
  const frame = encodeFrame(message, encodeJsonTree('args', args, frameBytesMax));
  const bytes = Buffer.byteLength(frame);
  if (bytes > frameBytesMax)
    throw new RankdError('PAYLOAD_TOO_LARGE', `with its list "to" the command has ${bytes} bytes`);
  return frame;
}

/** Returns the signal of the options. Bad options reject the command, and have no signal that can end it. */
function signalOf(options: CommandOptions | null): AbortSignal | undefined {
  const signal = options?.signal;
  return signal !== undefined && commandRules.signal.accepts(signal) ? signal : undefined;
}
