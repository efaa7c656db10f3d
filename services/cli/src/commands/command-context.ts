/** The arguments and the result of every verb. */

import type { Connection } from '../connection.js';
import { toJsonLine } from '../output/json-output.js';
import type { Terminal } from '../terminal/terminal.js';

/** The arguments of every verb. */
export interface CommandContext {
  readonly connection: Connection;
  readonly terminal: Terminal;
  /** Whether to print one line of JSON on standard output instead of text for people. */
  readonly json: boolean;
  /** The directory with the built server: a checkout, or /app in the server's image. */
  readonly repository: string;
}

/** 0: done. 1: not done. A usage error, exit code 2, is thrown instead. */
export type ExitCode = 0 | 1;

/**
 * Writes a sentence about a failure to standard error. Writes nothing with --json on a terminal, because the reader has just seen the
 * failure in the JSON.
 */
export function reportFailure({ terminal, json }: Pick<CommandContext, 'terminal' | 'json'>, sentence: string): void {
  if (!json || !terminal.isInteractive) terminal.say(sentence);
}

/** Writes a value as one line of JSON. A RawJson in it is written as it came. Control characters are escaped, which keeps the value. */
export function writeJson({ terminal }: Pick<CommandContext, 'terminal'>, value: unknown): void {
  terminal.write(toJsonLine(value));
}
