import {
  explain,
  limits,
  type DeliveredCommandMessage,
  type RawField,
  type ResultMessage,
  type Sender,
} from '@rankd/protocol';
import { payloadOf } from './payload.js';
import { RankdError } from './rankd-error.js';

/** What a handler knows of the command that it executes. */
export interface CommandContext {
  /** Who ordered it; rank -1 is an administrator. */
  readonly from: Sender;
  /** The command's place in the group's order. */
  readonly seq: number;
  /** Aborted when the deadline has passed or the session is over: nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

/** Executes a command. What it returns, or resolves to, is the result's value; what it throws makes the result `failed`. */
export type Handler = (args: never, context: CommandContext) => unknown;

/** What became of a command that was delivered to this member. */
export interface Execution {
  readonly command: DeliveredCommandMessage;
  readonly ownRank: number;
  readonly status: 'done' | 'failed' | 'refused';
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

export interface ExecutorPorts {
  readonly send: (result: ResultMessage, value: RawField | undefined) => void;
  readonly executed: (execution: Execution) => void;
  readonly nowMs: () => number;
  /** What the result may measure, the rest of its frame included. */
  readonly frameBytesMax: () => number;
}

type Ending = Pick<Execution, 'status' | 'error'> & { readonly value?: RawField | undefined };

/** Executes what superiors order, once each, within its deadline (R-CMD-4, R-CMD-5). */
export class Executor {
  readonly #ports: ExecutorPorts;
  readonly #handlers = new Map<string, Handler>();

  constructor(ports: ExecutorPorts) {
    this.#ports = ports;
  }

  /** One handler a name; returns what takes it back. */
  handle(name: string, handler: Handler): () => void {
    this.#handlers.set(name, handler);
    return () => {
      if (this.#handlers.get(name) === handler) this.#handlers.delete(name);
    };
  }

  /** `ownRank`: as last told, before this command. `sessionOver` is aborted with the session. */
  async execute(command: DeliveredCommandMessage, ownRank: number, sessionOver: AbortSignal): Promise<void> {
    const arrivedAtMs = this.#ports.nowMs();
    const ending = await this.#run(command, ownRank, sessionOver);
    const { status, error } = ending;
    this.#ports.executed({ command, ownRank, status, error });
    const isLate = this.#ports.nowMs() - arrivedAtMs >= command.deadlineMs;
    if (!command.reply || isLate || sessionOver.aborted) return;
    const { seq } = command;
    this.#ports.send({ type: 'result', seq, status, ...(error === undefined ? {} : { error }) }, ending.value);
  }

  async #run(command: DeliveredCommandMessage, ownRank: number, sessionOver: AbortSignal): Promise<Ending> {
    // The coordinator has judged this already; a client does not take its word for it (R-CMD-4).
    if (command.from.rank >= ownRank)
      return refused('OUTRANKED', `the sender has rank ${command.from.rank}, this member ${ownRank}`);
    if (command.deadlineMs <= 0) return refused('DEADLINE_PASSED', explain('DEADLINE_PASSED'));
    const handler = this.#handlers.get(command.name);
    if (handler === undefined) return refused('NO_HANDLER', `this member has no handler for ${command.name}`);
    const deadline = new AbortController();
    // A handler that never ends must not keep a process that has left from ending.
    const timer = setTimeout(() => deadline.abort(), command.deadlineMs).unref();
    const signal = AbortSignal.any([deadline.signal, sessionOver]);
    try {
      const value: unknown = await handler(command.args as never, { from: command.from, seq: command.seq, signal });
      return { status: 'done', error: undefined, value: payloadOf('value', value, this.#ports.frameBytesMax()) };
    } catch (error) {
      const code = error instanceof RankdError ? error.code : 'HANDLER_FAILED';
      return { status: 'failed', error: { code, message: briefly(error) } };
    } finally {
      clearTimeout(timer);
    }
  }
}

function refused(code: string, message: string): Ending {
  return { status: 'refused', error: { code, message } };
}

/** R-FRAME-4 bounds a result's message to 256 characters. */
function briefly(error: unknown): string {
  return Array.from(inWords(error)).slice(0, limits.errorMessageCharsMax).join('');
}

/** Anything can be thrown, even what has no words. */
function inWords(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'something that cannot be told in words';
  }
}
