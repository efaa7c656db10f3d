/** A member and its program: what the verbs `run`, `lead` and `once` have in common. */

import { systemEnvironment } from '@rankd/client/internal';
import type { Connection } from '../../connection.js';
import { formatError } from '../../output/format-error.js';
import { findExecutable } from '../line/executable.js';
import { placeholdersOf } from '../line/program-line.js';
import { GuardKeeper } from '../process/guard-keeper.js';
import { deathSignalPrefix } from '../process/program-process.js';
import { ProgramEnd } from '../program-end.js';
import type { ProgramLog } from '../program-log.js';
import type { ProgramOptions } from '../program-options.js';
import { ProgramRunner } from '../program-runner.js';
import { Ending } from './ending.js';
import { codeOf, joinProgram, type ProgramMember } from './join-program.js';
import { ProgramAccess } from './program-access.js';
import { ProgramSignals } from './program-signals.js';

/** What a verb gets from its command line. */
export interface ProgramCall {
  readonly connection: Connection;
  readonly log: ProgramLog;
}

/** A member that has joined, and everything that runs its program. */
export interface ProgramSession extends ProgramMember {
  readonly log: ProgramLog;
  readonly ending: Ending;
  readonly guards: GuardKeeper;
  readonly runner: ProgramRunner;
  readonly access: ProgramAccess;
}

/** What a verb adds to the session. */
export interface SessionParts {
  /** Called before the first connection, to register handlers and listeners. */
  readonly prepare?: (session: ProgramSession) => void;
  /** Whether the member leads, as a probe sees it. */
  readonly leads: (session: Pick<ProgramSession, 'me' | 'runner'>) => boolean;
  /** Runs the program until rankctl ends. Returns the exit code. */
  readonly supervise: (session: ProgramSession) => Promise<number>;
}

/**
 * Joins, runs the program, stops it, leaves. Returns the exit code of rankctl.
 * @throws ProgramEnd, UsageError
 */
export async function runSession(
  { connection, log }: ProgramCall,
  options: ProgramOptions,
  parts: SessionParts,
): Promise<number> {
  checkProgram(options);
  const ending = new Ending();
  const signals = new ProgramSignals(ending);
  const { clock } = systemEnvironment;
  const guards = new GuardKeeper(clock);
  const access = await ProgramAccess.open({
    ...{ options: options.access, line: options.line, log },
    group: connection.group,
  });
  const runner = new ProgramRunner({ ...options, extraVariables: () => access.variablesForStart() }, guards, clock);
  signals.connect(runner);
  logProgram(log, runner, guards);
  ending.onBegin(() => runner.stop('ending'));
  let hasJoined = false;
  const prepare = ({ me, socket }: ProgramMember): void => {
    me.once('joined', () => (hasJoined = true));
    me.on('closed', ({ error }) => {
      // An error before the first seat is thrown by `join`.
      if (error === undefined || !hasJoined) return;
      const write = ending.hasBegun ? log.info : log.error;
      write('closed', formatError(error, connection).message, { code: error.code });
      ending.beginWith(codeOf(error));
    });
    access.attach({ me, runner, guards, leads: () => parts.leads({ me, runner }) });
    parts.prepare?.({ me, socket, log, ending, guards, runner, access });
  };
  const { joinTimeoutMs, name, tags } = options;
  try {
    const member = await joinProgram(connection, {
      ...{ joinTimeoutMs, name, tags, prepare, ...access.joinOptions },
      joining: ending.signal,
      logger: log.memberLogger,
    });
    try {
      return await parts.supervise({ ...member, log, ending, guards, runner, access });
    } finally {
      await access.leave(member.me, ending);
    }
  } catch (error) {
    if (error instanceof ProgramEnd && ending.hasBegun) return ending.codeAfter(undefined);
    throw error;
  } finally {
    guards.close();
    await access.close();
  }
}

/** Checks before joining that the program can be started, so that a member without a program does not get a rank. */
function checkProgram({ line }: ProgramOptions): void {
  deathSignalPrefix();
  const [file] = line.words;
  // With a placeholder the file is known only at the start.
  if (placeholdersOf({ words: [file], env: {} }).size === 0)
    findExecutable(file, line.env['PATH'] ?? process.env['PATH']);
}

function logProgram({ info, error }: ProgramLog, runner: ProgramRunner, guards: GuardKeeper): void {
  runner.on('started', ({ pid, fields: { rank, size } }) => {
    info('started', `the program runs as process ${pid}, with rank ${rank} of ${size}`, { pid });
  });
  runner.on('ended', ({ pid, code, stopped }) => {
    const how = stopped === undefined ? 'has exited' : `was stopped (${stopped})`;
    info('ended', `the program ${how} with code ${code}`, { pid, code, stopped });
  });
  guards.on('died', ({ why, retryInMs }) => {
    error('guard-died', `the guard has ended (${why}): no program runs until a new one starts, in ${retryInMs} ms`);
  });
}
