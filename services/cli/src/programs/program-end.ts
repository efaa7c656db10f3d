/** The end of rankctl in the verbs that run a program. */

import { constants } from 'node:os';

/** The exit codes of rankctl's own in `run`, `lead` and `once`. The program may use them too. */
export const exitCodes = {
  failed: 1,
  usage: 2,
  noServer: 69,
  noSeat: 75,
  unauthorized: 77,
  configuration: 78,
} as const;

/** Ends rankctl with this exit code. The message says why. An empty message prints nothing. */
export class ProgramEnd extends Error {
  override readonly name = 'ProgramEnd';
  readonly code: number;

  constructor(code: number, message = '') {
    super(message);
    this.code = code;
  }
}

/** Returns the end with exit code 78: this system cannot do what the options or the environment ask for. */
export function configurationEnd(message: string): ProgramEnd {
  return new ProgramEnd(exitCodes.configuration, message);
}

/** Returns the exit code for a process that a signal has ended, as shells do: 128 + n. */
export function codeOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
