/** Executes commands of superiors as shell lines and signals: `--on` of `rankctl run` (R-PROG-8). */

import type { CommandContext, Membership } from '@rankd/client';
import { RankdError } from '@rankd/client/internal';
import { assertNever, limits, onAbort } from '@rankd/protocol';
import { CommandQueue } from './command-queue.js';
import { commandValue } from './command-value.js';
import type { StartHeld } from './held-process.js';
import { argsText, lineEnvironment } from './line-environment.js';
import type { CommandAction } from './on-options.js';
import { runShellLine, type ShellLineEnd } from './shell-line.js';

/** What the commands need of the program and its runner. */
export interface ShellCommandPorts {
  readonly startHeld: StartHeld;
  /** Returns the environment that the program would get if it started now. */
  readonly environment: () => NodeJS.ProcessEnv;
  /** Sends a signal to the program's process. Returns false if it does not run. */
  readonly signalProgram: (signal: NodeJS.Signals) => boolean;
}

/** The commands of `--on`, and how many of their lines run at once. */
export interface ShellCommandOptions {
  readonly actions: ReadonlyMap<string, CommandAction>;
  readonly parallel: number;
}

/** The smallest limit of a value that a server can have, bytes. It applies while the member has no session. */
const VALUE_BYTES_MAX_LEAST = limits.frameBytesMaxLeast - limits.frameOverheadBytes;

/** A command for a shell line. */
interface LineOrder {
  readonly context: CommandContext;
  /** The largest value that the server accepts, as bytes of JSON. */
  readonly valueBytesMax: number;
}

/** Executes the commands of `--on`. Every other command fails with NO_HANDLER. */
export class ShellCommands {
  readonly #actions: ReadonlyMap<string, CommandAction>;
  readonly #ports: ShellCommandPorts;
  readonly #queue: CommandQueue;
  readonly #closing = new AbortController();
  readonly #lines = new Set<Promise<unknown>>();

  constructor({ actions, parallel }: ShellCommandOptions, ports: ShellCommandPorts) {
    this.#actions = actions;
    this.#ports = ports;
    this.#queue = new CommandQueue(parallel);
  }

  /** Sets the handlers of the member. Call it before the first command can arrive. */
  addHandlers(membership: Pick<Membership, 'handle' | 'handleOthers' | 'server'>): void {
    for (const [name, action] of this.#actions) {
      membership.handle(name, async (_args: never, context) => {
        const valueBytesMax = membership.server?.payloadBytesMax ?? VALUE_BYTES_MAX_LEAST;
        return await this.#execute(action, { context, valueBytesMax });
      });
    }
    membership.handleOthers((_args: never, { name }) => {
      const message = `rankctl has no --on for ${name}: start it with --on ${name}=SHELL-LINE`;
      throw new RankdError('NO_HANDLER', undefined, { message });
    });
  }

  /** Kills the lines that run, and starts none that waits. Resolves when they have ended. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#lines);
  }

  async #execute(action: CommandAction, order: LineOrder): Promise<unknown> {
    switch (action.kind) {
      case 'signal':
        if (!this.#ports.signalProgram(action.signal)) throw new RankdError('NOT_RUNNING');
        return undefined;
      case 'line':
        return await this.#executeLine(action.line, order);
      default:
        return assertNever(action);
    }
  }

  async #executeLine(line: string, order: LineOrder): Promise<unknown> {
    const stop = stopSignal(order.context.signal, this.#closing.signal);
    try {
      const end = await this.#queue.run(async () => this.#track(this.#runLine(line, order, stop.signal)), stop.signal);
      return valueOf(end, order.valueBytesMax);
    } finally {
      stop.release();
    }
  }

  async #runLine(line: string, { context, valueBytesMax }: LineOrder, signal: AbortSignal): Promise<ShellLineEnd> {
    return await runShellLine(this.#ports.startHeld, {
      line,
      environment: lineEnvironment(this.#ports.environment(), context),
      // `read` of a shell needs a line end.
      input: `${argsText(context)}\n`,
      outputBytesMax: valueBytesMax,
      signal,
    });
  }

  async #track<T>(running: Promise<T>): Promise<T> {
    this.#lines.add(running);
    try {
      return await running;
    } finally {
      this.#lines.delete(running);
    }
  }
}

/** Returns the value of a line that ended with 0. @throws Error with the reason of any other end */
function valueOf({ code, signal, output, errorLine }: ShellLineEnd, valueBytesMax: number): unknown {
  if (code === 0) return commandValue(output, valueBytesMax);
  const ending =
    signal === null ? `the shell line ended with exit code ${code ?? ''}` : `the shell line was killed by ${signal}`;
  throw new Error(errorLine === '' ? ending : errorLine);
}

/** Returns a signal that is aborted when one of two signals is. `release` removes its listeners. */
function stopSignal(deadline: AbortSignal, closing: AbortSignal): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const removers = [deadline, closing].map(signal => onAbort(signal, () => controller.abort()));
  const release = (): void => removers.forEach(remove => remove());
  return { signal: controller.signal, release };
}
