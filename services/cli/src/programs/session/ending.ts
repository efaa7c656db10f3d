/** Why and with which exit code rankctl ends. */

import { onAbort } from '@rankd/protocol';
import type { ProgramExit } from '../program-runner.js';

/** The exit code: that of the program if it has run to its end, or a code that counts whatever the program does. */
type EndCode =
  { readonly kind: 'of-program'; readonly otherwise: number } | { readonly kind: 'fixed'; readonly code: number };

/** The end of rankctl. The first cause counts. */
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

  /** Returns the exit code of rankctl. `exit` is how the program ended after the end had begun. Undefined: none ran. */
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
