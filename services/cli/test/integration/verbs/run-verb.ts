/** Runs rankctl in this process, without the time that a process takes to start. */

import { RankdError } from '@rankd/client/observer';
import { CommanderError } from 'commander';
import { writeJson, type ExitCode } from '../../../src/commands/command-context.js';
import { connectionOf, type ConnectionOptions } from '../../../src/connection.js';
import { UsageError } from '../../../src/errors.js';
import { formatError } from '../../../src/output/format-error.js';
import { type Terminal, unpainted } from '../../../src/terminal/terminal.js';
import { createProgram } from '../../../src/program.js';

/** One run of a verb. */
export interface VerbRun {
  /** What it has printed so far. */
  readonly output: { stdout: string; stderr: string };
  /** Acts as a reader that closes standard output. */
  readonly closeOutput: () => void;
  /** Resolves with the exit code. */
  readonly ended: Promise<ExitCode | 2>;
}

/** Starts a verb as `rankctl ARGS` with this environment. */
export function startVerb(args: readonly string[], environment: Readonly<Record<string, string>>): VerbRun {
  const output = { stdout: '', stderr: '' };
  const unread = new AbortController();
  const terminal: Terminal = {
    ...{ isInteractive: false, rows: Infinity, columns: Infinity, paint: unpainted, waitingBytes: 0 },
    unread: unread.signal,
    watchReaders: () => undefined,
    afterDrain: run => run(),
    write: text => (output.stdout += `${text}\n`),
    say: sentence => (output.stderr += `${sentence}\n`),
  };
  let code: ExitCode | 2 = 0;
  const program = createProgram(
    '',
    async verb => {
      const { json = false, ...options } = program.opts<ConnectionOptions & { readonly json?: boolean }>();
      const connection = connectionOf(options, environment);
      const call = { connection, terminal, json, repository: '' };
      try {
        code = await verb(call);
      } catch (error) {
        if (error instanceof UsageError || (error instanceof RankdError && error.code === 'BAD_ARGUMENT')) throw error;
        const failure = formatError(error, connection);
        if (json) writeJson(call, { error: { code: failure.code, message: failure.message } });
        terminal.say(failure.message);
        code = 1;
      }
    },
    { writeErr: text => (output.stderr += text) },
  );
  const ended = program.parseAsync([...args], { from: 'user' }).then(
    () => code,
    (error: unknown) => {
      if (!(error instanceof UsageError || error instanceof RankdError || error instanceof CommanderError)) throw error;
      if (!(error instanceof CommanderError)) terminal.say(error.message);
      return 2 as const;
    },
  );
  return { output, closeOutput: () => unread.abort(), ended };
}
