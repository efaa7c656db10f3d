/** The program rankctl. */

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { CommanderError } from 'commander';
import { readEnvironment } from '@rankd/startup/env';
import { connectionOf, type ConnectionOptions } from './connection.js';
import { formatError } from './output/format-error.js';
import { UsageError } from './errors.js';
import { createProgram, type Run } from './program.js';
import { processTerminal } from './output/terminal.js';
import { writeJson, type CommandContext, type ExitCode } from './commands/command-context.js';

/** The program rankctl. Exit codes: 0 done, 1 not done, 2 usage. */
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const terminal = processTerminal(process);
/** The directory of the checkout or of the package: the same distance from the compiled file and from the bundle. */
const repository = fileURLToPath(new URL('../../..', import.meta.url));

const run: Run = async verb => {
  const { json = false, ...options } = program.opts<ConnectionOptions & { readonly json?: boolean }>();
  const call = { connection: connectionOf(options, readEnvironment()), terminal, json, repository };
  process.exitCode = await exitCodeOf(verb, call);
};

async function exitCodeOf(verb: Parameters<Run>[0], call: CommandContext): Promise<ExitCode> {
  try {
    return await verb(call);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code, message } = formatError(error, call.connection);
    if (call.json) writeJson(call, { error: { code, message } });
    terminal.say(message);
    return 1;
  }
}

const program = createProgram(version, run, { writeOut: terminal.writeOut, writeErr: terminal.writeErr });
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof UsageError) {
    for (const fault of error.message.split('\n')) terminal.say(fault);
    process.exitCode = 2;
  } else if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    throw error;
  }
}
