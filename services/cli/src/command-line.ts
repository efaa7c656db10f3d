/** Runs the command line of this process. */

import { fileURLToPath } from 'node:url';
import { RankdError } from '@rankd/client/observer';
import { CommanderError } from 'commander';
import { readEnvironment } from '@rankd/startup/env';
import { readVariableWarnings } from '@rankd/startup/variables/variable-warnings';
import { connectionOf, type ConnectionOptions } from './connection.js';
import { formatError } from './output/format-error.js';
import { releaseLostTerminals } from './terminal/lost-terminal.js';
import { UsageError } from './errors.js';
import { createProgram, type Run } from './program.js';
import { programVerbs } from './programs/verbs/program-verbs.js';
import { processTerminal, type ProcessTerminal } from './terminal/terminal.js';
import { version } from './version.js';
import { reportFailure, writeJson, type CommandContext, type ExitCode } from './commands/command-context.js';

/** The root directory of the checkout or of the package. The compiled file and the bundle are at the same depth below it. */
const repository = fileURLToPath(new URL('../../..', import.meta.url));

let opened: ProcessTerminal | undefined;

/**
 * Returns the terminal. It is created when it is needed: Node makes the standard streams non-blocking, and a program that rankctl starts
 * shares them.
 */
function terminal(): ProcessTerminal {
  opened ??= processTerminal(process);
  return opened;
}

const run: Run = async verb => {
  const { json = false, ...options } = program.opts<ConnectionOptions & { readonly json?: boolean }>();
  const call = { connection: connectionOf(options, readEnvironment()), terminal: terminal(), json, repository };
  process.exitCode = await exitCodeOf(verb, call);
};

async function exitCodeOf(verb: Parameters<Run>[0], call: CommandContext): Promise<ExitCode> {
  try {
    return await verb(call);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof RankdError && error.code === 'BAD_ARGUMENT') throw new UsageError(error.message);
    const { code, message } = formatError(error, call.connection);
    if (call.json) writeJson(call, { error: { code, message } });
    reportFailure(call, message);
    return 1;
  }
}

const program = createProgram(version, run, {
  writeOut: text => terminal().writeOut(text),
  writeErr: text => terminal().writeErr(text),
});
program.hook('preAction', (_program, verb) => {
  // Shells run `rankctl completion` at their start and at every Tab. A verb that runs a program writes its own warnings.
  if (verb.name() === 'completion' || programVerbs.has(verb.name())) return;
  for (const warning of readVariableWarnings()) terminal().say(warning);
});

/** Runs the verb of the command line. Exit codes: 0 done, 1 not done, 2 usage. `run`, `lead` and `once` have more. */
export async function main(): Promise<void> {
  releaseLostTerminals();
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof UsageError) {
      for (const fault of error.message.split('\n')) terminal().say(fault);
      process.exitCode = 2;
    } else if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
    } else {
      throw error;
    }
  }
}
