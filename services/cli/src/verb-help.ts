/** What the definitions of the verbs have in common. */

import type { CommandContext, ExitCode } from './commands/command-context.js';

/** Runs a verb when the options are parsed and the server is known. */
export type Run = (verb: (call: CommandContext) => ExitCode | Promise<ExitCode>) => Promise<void>;

/** The largest duration in an option, ms: one day. */
export const MILLIS_MAX = 86_400_000;
/** The largest duration in an option, seconds: one day. */
export const SECONDS_MAX = 86_400;

/** Returns the examples of a help text. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map(line => `  $ ${line}`).join('\n')}`;
}
