/** Why and with which exit code rankctl ends. */

import { onAbort } from '@rankd/protocol';
import type { ProgramExit } from '../program-runner.js';

/** The exit code. `fixed`: this code. `of-program`: the exit code of the program, or `otherwise` if no program runs. */
type EndCode =
  { readonly kind: 'of-program'; readonly otherwise: number } | { readonly kind: 'fixed'; readonly code: number };

/** The end of rankctl. Only the first call that begins it has an effect. */
export class Ending {
  readonly #controller = new AbortController();
  #code: EndCode | undefined;

  /** Aborted when rankctl has begun to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether rankctl has begun to end. */
  get hasBegun(): boolean {
    return this.#code !== undefined;
  }

  /** Whether a signal has begun the end. */
  get isBySignal(): boolean {
    return this.#code?.kind === 'of-program';
  }

  /** Begins the end. The exit code is that of the program, or `otherwise` if no program runs. */
  beginWithProgram(otherwise: number): void {
    this.#begin({ kind: 'of-program', otherwise });
  }

  /** Begins the end with an exit code. */
  beginWith(code: number): void {
    this.#begin({ kind: 'fixed', code });
  }

  /**
   * Returns the exit code of rankctl. `exit` describes the end of a program that still ran when rankctl began to end. It is undefined if no
   * program ran then.
   */
  codeAfter(exit: ProgramExit | undefined): number {
    if (this.#code?.kind === 'fixed') return this.#code.code;
    return exit?.code ?? this.#code?.otherwise ?? 0;
  }

  /** Calls `run` once when the end begins. */
  onBegin(run: () => void): void {
    onAbort(this.signal, run);
  }

  #begin(code: EndCode): void {
    if (this.#code !== undefined) return;
    this.#code = code;
    this.#controller.abort();
  }
}
