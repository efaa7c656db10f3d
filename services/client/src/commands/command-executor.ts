/** Executes the commands that superiors send to this member. A superior is a member with a smaller rank number. */

import {
  type DeliveredCommandMessage,
  explain,
  limits,
  onAbort,
  rawValue,
  type RawField,
  type ResultMessage,
  type Sender,
} from '@rankd/protocol';
import type { Clock } from '../clock.js';
import { errorText } from '../error-text.js';
import { RankdError } from '../rankd-error.js';
import { encodePayload } from './payload.js';

/** The context of a command, which its handler receives. */
export interface CommandContext {
  /** The sender of the command. Its rank is -1 if it is an administrator. */
  readonly from: Sender;
  /** The position of the command in the group's log. It identifies the command within an epoch. */
  readonly seq: number;
  /** Aborted when the deadline has passed or the seat is lost. A result that is returned after that is dropped. */
  readonly signal: AbortSignal;
  /** The name of the command. */
  readonly name: string;
  /** The arguments as JSON text, as the sender wrote them. Undefined if the command has no arguments. */
  readonly argsJson: string | undefined;
  /** How much of the deadline is left at the moment at which this field is read, ms. 0 if it has passed. */
  readonly leftMs: number;
}

/** A function of the application that executes a command. */
export type Handler = (args: never, context: CommandContext) => unknown;

/** How a command that was delivered to this member ended. */
export interface Execution {
  /** The command as the server sent it: its name, its arguments, its sender and its `seq`. */
  readonly command: DeliveredCommandMessage;
  /** The arguments as JSON text, as the sender wrote them. JSON.parse rounds large integers in `command.args`. */
  readonly argsJson: string | undefined;
  /** The rank of this member when the command arrived. */
  readonly ownRank: number;
  /** `done`: the handler returned. `failed`: it threw. `refused`: no handler was called. */
  readonly status: 'done' | 'failed' | 'refused';
  /** Why the status is not `done`. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

/** A result that waits to be sent. */
export interface ReadyResult {
  readonly message: ResultMessage;
  readonly value: RawField | undefined;
  readonly recipient: RecipientRef;
  /** The time at which the sender stops waiting for the result, by the monotonic clock. */
  readonly expiresAtMs: number;
}

/**
 * The member that received a command, and the epoch in which it received the command. A result is sent only for the same member
 * and epoch (R-CMD-8).
 */
export interface RecipientRef {
  readonly member: string;
  readonly epoch: number;
}

/** A command that has arrived. */
export interface Delivery {
  readonly command: DeliveredCommandMessage;
  /** The command as the server wrote it. Without it, `Execution.argsJson` is undefined. */
  readonly frame?: string;
  readonly recipient: RecipientRef;
  /** The rank of this member when the command arrived, as the server last sent it. */
  readonly ownRank: number;
  /** The earliest time at which the command can have arrived, by the monotonic clock. */
  readonly arrivedAtMs: number;
  /** Whether this member is suspended: it must not act on its rank (R-LEAD-3). */
  readonly suspended: boolean;
  /** Aborted when the member's seat is lost. */
  readonly seatLost: AbortSignal;
}

/** The functions and values that the executor gets from its membership. */
export interface CommandExecutorPorts {
  readonly sendResult: (result: ReadyResult) => void;
  readonly emitExecuted: (execution: Execution) => void;
  readonly clock: Clock;
  /** Returns the largest frame that the server accepts, bytes. The result and the rest of its frame must fit in it. */
  readonly frameBytesMax: () => number;
}

type HandlerOutcome = Pick<Execution, 'status' | 'error'> & { readonly value?: RawField | undefined };

/** Executes each command of a superior once, within its deadline (R-CMD-4, R-CMD-5, R-CMD-9). */
export class CommandExecutor {
  readonly #ports: CommandExecutorPorts;
  readonly #handlers = new Map<string, Handler>();
  #otherHandler: Handler | undefined;
  #lastDelivered = { epoch: 0, seq: 0 };

  constructor(ports: CommandExecutorPorts) {
    this.#ports = ports;
  }

  /** Sets the handler for commands of this name. It replaces an earlier handler. Returns a function that removes the handler. */
  setHandler(name: string, handler: Handler): () => void {
    this.#handlers.set(name, handler);
    return () => {
      if (this.#handlers.get(name) === handler) this.#handlers.delete(name);
    };
  }

  /** Sets the handler for commands without a handler of their own. Returns a function that removes it. */
  setOtherHandler(handler: Handler): () => void {
    this.#otherHandler = handler;
    return () => {
      if (this.#otherHandler === handler) this.#otherHandler = undefined;
    };
  }

  /**
   * Runs the handler of a command, passes the result to `sendResult`, and emits `executed`. Does nothing if this command has been executed before.
   * Drops the result if the sender does not want one, if the deadline has passed, or if the seat is lost.
   */
  async execute(delivery: Delivery): Promise<void> {
    const { command, recipient } = delivery;
    if (this.#recordDelivery(recipient.epoch, command.seq)) return;
    const outcome = await this.#runHandler(delivery);
    // The result is sent first: listeners of `executed` may take their time.
    this.#sendResult(delivery, outcome);
    this.#ports.emitExecuted(executionOf(delivery, outcome));
  }

  #sendResult({ command, recipient, arrivedAtMs, seatLost }: Delivery, { status, error, value }: HandlerOutcome): void {
    const expiresAtMs = arrivedAtMs + command.deadlineMs;
    if (!command.reply || this.#ports.clock.nowMs() >= expiresAtMs || seatLost.aborted) return;
    const { seq } = command;
    const { epoch } = recipient;
    const message: ResultMessage = { type: 'result', seq, epoch, status, ...(error === undefined ? {} : { error }) };
    this.#ports.sendResult({ message, value, recipient, expiresAtMs });
  }

  /**
   * R-CMD-9: returns whether this command was delivered before. Only the last seq is kept, because commands arrive in the order of seq
   * within an epoch.
   */
  #recordDelivery(epoch: number, seq: number): boolean {
    const isRepeated = epoch === this.#lastDelivered.epoch && seq <= this.#lastDelivered.seq;
    if (!isRepeated) this.#lastDelivered = { epoch, seq };
    return isRepeated;
  }

  async #runHandler(delivery: Delivery): Promise<HandlerOutcome> {
    const { command, ownRank, arrivedAtMs, suspended, seatLost } = delivery;
    // The server has checked the authority. R-CMD-4 demands that the client checks it too.
    if (command.from.rank >= ownRank)
      return refusal('OUTRANKED', `the sender has rank ${command.from.rank}, this member has rank ${ownRank}`);
    if (suspended) return refusal('SUSPENDED', explain('SUSPENDED'));
    const leftMs = arrivedAtMs + command.deadlineMs - this.#ports.clock.nowMs();
    if (leftMs <= 0) return refusal('DEADLINE_PASSED', explain('DEADLINE_PASSED'));
    const handler = this.#handlers.get(command.name) ?? this.#otherHandler;
    if (handler === undefined) return refusal('NO_HANDLER', `this member has no handler for ${command.name}`);
    const { signal, release } = this.#openSignal(leftMs, seatLost);
    try {
      const value: unknown = await handler(command.args as never, this.#contextOf(delivery, signal));
      return { status: 'done', error: undefined, value: encodePayload('value', value, this.#ports.frameBytesMax()) };
    } catch (error) {
      const code = error instanceof RankdError ? error.code : 'HANDLER_FAILED';
      return { status: 'failed', error: { code, message: resultMessage(errorText(error)) } };
    } finally {
      release();
    }
  }

  #contextOf({ command, frame, arrivedAtMs }: Delivery, signal: AbortSignal): CommandContext {
    const { clock } = this.#ports;
    const { from, seq, name } = command;
    return {
      from,
      seq,
      signal,
      name,
      get argsJson() {
        return frame === undefined ? undefined : rawValue(frame, 'args');
      },
      get leftMs() {
        return Math.max(0, arrivedAtMs + command.deadlineMs - clock.nowMs());
      },
    };
  }

  /**
   * Opens the signal of one command. `release` removes its timer and its listener: the signal of the seat lives longer, and must not keep
   * each command in memory.
   */
  #openSignal(leftMs: number, seatLost: AbortSignal): { signal: AbortSignal; release: () => void } {
    const controller = new AbortController();
    const release = (): void => {
      timer.cancel();
      removeListener();
    };
    const end = (): void => {
      release();
      controller.abort();
    };
    // The timer is `background`: a handler that never ends must not keep a closed process running.
    const timer = this.#ports.clock.after(leftMs, end, 'background');
    let removeListener: () => void = () => undefined;
    removeListener = onAbort(seatLost, end);
    return { signal: controller.signal, release };
  }
}

/** The text of the arguments is cut from the frame only if a listener reads it. */
function executionOf({ command, frame, ownRank }: Delivery, { status, error }: HandlerOutcome): Execution {
  return {
    command,
    get argsJson() {
      return frame === undefined ? undefined : rawValue(frame, 'args');
    },
    ownRank,
    status,
    error,
  };
}

/** The message may quote text from the network, for example the name of the command. */
function refusal(code: string, message: string): HandlerOutcome {
  return { status: 'refused', error: { code, message: resultMessage(message) } };
}

/** Returns a message cut to the limit of a result's message (R-FRAME-4), 256 characters. */
function resultMessage(text: string): string {
  return Array.from(text).slice(0, limits.errorMessageCharsMax).join('');
}
