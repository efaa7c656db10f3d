/** The signals that rankctl receives while it runs a program (R-PROG-6). */

import { codeOfSignal } from '../program-end.js';
import type { ProgramRunner } from '../program-runner.js';
import type { Ending } from './ending.js';

const stopSignals = ['SIGTERM', 'SIGINT'] as const;
/** Signals that end a process by default. Before the program has started, they end rankctl. */
const endingSignals: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'];
const otherSignals: readonly NodeJS.Signals[] = ['SIGWINCH', 'SIGCONT'];

/** Listens to the signals of this process: ends rankctl, or passes them to the program. */
export class ProgramSignals {
  readonly #ending: Ending;
  #runner: ProgramRunner | undefined;
  #hasStarted = false;
  #stops = 0;

  constructor(ending: Ending) {
    this.#ending = ending;
    for (const signal of stopSignals) process.on(signal, () => this.#stop(signal));
    for (const signal of [...endingSignals, ...otherSignals]) process.on(signal, () => this.#forward(signal));
  }

  /** Passes signals to the program of this runner from now on. */
  connect(runner: ProgramRunner): void {
    this.#runner = runner;
    runner.on('started', () => (this.#hasStarted = true));
  }

  #stop(signal: NodeJS.Signals): void {
    this.#stops += 1;
    if (this.#stops > 1) this.#runner?.kill('ending');
    this.#ending.beginWithProgram(codeOfSignal(signal));
  }

  #forward(signal: NodeJS.Signals): void {
    if (this.#runner?.signal(signal) === true || this.#hasStarted) return;
    if (endingSignals.includes(signal)) this.#ending.beginWithProgram(codeOfSignal(signal));
  }
}
