import {
  type DeliveredCommandMessage,
  explain,
  limits,
  type RawField,
  type ResultMessage,
  type Sender,
} from '@rankd/protocol';
import type { Clock } from '../clock.js';
import { RankdError } from '../rankd-error.js';
import { encodePayload } from './payload.js';

/** The context of a command, for its handler. */
export interface CommandContext {
  /** The sender of the command. Rank -1 is an administrator. */
  readonly from: Sender;
  /** The position of the command in the group's log. */
  readonly seq: number;
  /** Aborted when the deadline has passed or the seat is lost: the result then no longer counts. */
  readonly signal: AbortSignal;
}

type Handler = (args: never, context: CommandContext) => unknown;

/** How a command that was delivered to this member ended. */
export interface Execution {
  readonly command: DeliveredCommandMessage;
  /** The rank of this member when the command arrived. */
  readonly ownRank: number;
  readonly status: 'done' | 'failed' | 'refused';
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

/** A result that is ready to be sent, the member that executed the command, and the time at which the sender stops waiting. */
export interface ReadyResult {
  readonly message: ResultMessage;
  readonly value: RawField | undefined;
  readonly recipient: RecipientRef;
  readonly expiresAtMs: number;
}

/** The member that a command was delivered to, and the epoch that it is of. */
export interface RecipientRef {
  readonly member: string;
  readonly epoch: number;
}

/** A command as it was delivered. */
export interface Delivery {
  readonly command: DeliveredCommandMessage;
  readonly recipient: RecipientRef;
  /** As last told, before this command. */
  readonly ownRank: number;
  /** By the monotonic clock, at the earliest. */
  readonly arrivedAtMs: number;
  /** May this member act on what it was told? */
  readonly suspended: boolean;
  /** Aborted when the member's seat is lost. */
  readonly seatLost: AbortSignal;
}

export interface CommandExecutorPorts {
  readonly sendResult: (result: ReadyResult) => void;
  readonly emitExecuted: (execution: Execution) => void;
  readonly clock: Clock;
  /** What the result may measure, the rest of its frame included. */
  readonly frameBytesMax: () => number;
}

type HandlerOutcome = Pick<Execution, 'status' | 'error'> & { readonly value?: RawField | undefined };

/** Executes what superiors order, once each, within its deadline (R-CMD-4, R-CMD-5). */
export class CommandExecutor {
  readonly #ports: CommandExecutorPorts;
  readonly #handlers = new Map<string, Handler>();
  #lastDelivered = { epoch: 0, seq: 0 };

  constructor(ports: CommandExecutorPorts) {
    this.#ports = ports;
  }

  /** One handler a name; returns what takes it back. */
  setHandler(name: string, handler: Handler): () => void {
    this.#handlers.set(name, handler);
    return () => {
      if (this.#handlers.get(name) === handler) this.#handlers.delete(name);
    };
  }

  async execute(delivery: Delivery): Promise<void> {
    const { command, recipient, ownRank, arrivedAtMs } = delivery;
    const { seq } = command;
    if (this.#recordDelivery(recipient.epoch, seq)) return;
    const outcome = await this.#runHandler(delivery);
    const { status, error, value } = outcome;
    this.#ports.emitExecuted({ command, ownRank, status, error });
    const expiresAtMs = arrivedAtMs + command.deadlineMs;
    if (!command.reply || this.#ports.clock.nowMs() >= expiresAtMs || delivery.seatLost.aborted) return;
    const { epoch } = recipient;
    const message: ResultMessage = { type: 'result', seq, epoch, status, ...(error === undefined ? {} : { error }) };
    this.#ports.sendResult({ message, value, recipient, expiresAtMs });
  }

  /** R-CMD-9: within an epoch commands come in the order of seq, so one number tells what has been delivered before. */
  #recordDelivery(epoch: number, seq: number): boolean {
    const isRepeated = epoch === this.#lastDelivered.epoch && seq <= this.#lastDelivered.seq;
    if (!isRepeated) this.#lastDelivered = { epoch, seq };
    return isRepeated;
  }

  async #runHandler({ command, ownRank, arrivedAtMs, suspended, seatLost }: Delivery): Promise<HandlerOutcome> {
    // The coordinator has judged this already; a client does not take its word for it (R-CMD-4).
    if (command.from.rank >= ownRank)
      return refusal('OUTRANKED', `the sender has rank ${command.from.rank}, this member ${ownRank}`);
    if (suspended) return refusal('SUSPENDED', explain('SUSPENDED'));
    const leftMs = arrivedAtMs + command.deadlineMs - this.#ports.clock.nowMs();
    if (leftMs <= 0) return refusal('DEADLINE_PASSED', explain('DEADLINE_PASSED'));
    const handler = this.#handlers.get(command.name);
    if (handler === undefined) return refusal('NO_HANDLER', `this member has no handler for ${command.name}`);
    const deadline = new AbortController();
    // A handler that never ends must not keep a process that has left from ending.
    const timer = this.#ports.clock.after(leftMs, () => deadline.abort(), 'background');
    const signal = AbortSignal.any([deadline.signal, seatLost]);
    try {
      const value: unknown = await handler(command.args as never, { from: command.from, seq: command.seq, signal });
      return { status: 'done', error: undefined, value: encodePayload('value', value, this.#ports.frameBytesMax()) };
    } catch (error) {
      const code = error instanceof RankdError ? error.code : 'HANDLER_FAILED';
      return { status: 'failed', error: { code, message: resultMessage(error) } };
    } finally {
      timer.cancel();
    }
  }
}

function refusal(code: string, message: string): HandlerOutcome {
  return { status: 'refused', error: { code, message } };
}

/** R-FRAME-4 bounds a result's message to 256 characters. */
function resultMessage(error: unknown): string {
  return Array.from(errorText(error)).slice(0, limits.errorMessageCharsMax).join('');
}

/** Anything can be thrown, even what has no words. */
function errorText(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'something that cannot be told in words';
  }
}
