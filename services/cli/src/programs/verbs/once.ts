/** The verb `once`: one member runs a program, the others wait for it and end as it ended (R-PROG-7). */

import { type Membership, RankdError } from '@rankd/client';
import type { OnceOptions } from '../program-options.js';
import type { ProgramExit } from '../program-runner.js';
import { leadsWithProgram, startDelayMs } from '../session/leadership-program.js';
import { pause } from '../session/pause.js';
import { Predecessor } from '../session/predecessor.js';
import { type ProgramCall, type ProgramSession, runSession } from '../session/program-session.js';
import { prepareLeader, superviseLeader } from '../session/supervise-leader.js';

/** The command with which rank 0 reports to the others how the program has ended. */
const ONCE_COMMAND = 'rankd.once';
/** How long rank 0 repeats the command, ms. Members that join in this time receive it too. */
const REPORT_MS = 5000;
/** How long a member may take to answer, ms. */
const REPORT_DEADLINE_MS = 1000;
/** The time between two commands, ms. */
const REPORT_EVERY_MS = 50;

/** The arguments of the command. */
type OnceArguments = Readonly<Record<'code', number>>;

/** Runs a program in one member of the group. Returns the exit code of rankctl: that of the program, in every member. */
export async function once(call: ProgramCall, options: OnceOptions): Promise<number> {
  let predecessor: Predecessor | undefined;
  return await runSession(call, options, {
    leads: leadsWithProgram,
    prepare: session => {
      predecessor = new Predecessor(session.me);
      prepareLeader(session);
      endOnReport(session);
    },
    supervise: async session =>
      await superviseLeader(session, options, {
        startDelayMs: () => (predecessor === undefined ? 0 : startDelayMs(predecessor)),
        afterExit: async (exit, leading) => {
          const isFailure = options.retry && exit.code !== 0;
          if (!isFailure) await reportToOthers(session, exit, AbortSignal.any([leading, session.ending.signal]));
          return 'end';
        },
      }),
  });
}

/** Ends rankctl with the code that rank 0 sends. This member does not run the program. */
function endOnReport({ me, log, ending }: ProgramSession): void {
  me.handle(ONCE_COMMAND, async (args, { from }) => {
    const { code } = args as Partial<OnceArguments>;
    if (from.rank !== 0 || !isExitCode(code)) return;
    log.info('told', `${from.name} has run the program: it ended with code ${code}`, { code, by: from.member });
    // Wait until the library has sent the result of the command.
    await Promise.resolve();
    setImmediate(() => ending.beginWith(code));
  });
}

function isExitCode(code: unknown): code is number {
  return Number.isInteger(code) && Number(code) >= 0 && Number(code) <= 255;
}

/** Reports to every subordinate how the program has ended, until this member is alone or the time has passed. */
async function reportToOthers({ me }: ProgramSession, { code }: ProgramExit, over: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([over, AbortSignal.timeout(REPORT_MS)]);
  while (!deadline.aborted && (await report(me, { code }, deadline)) !== 'alone') {
    // Members that received the command leave. Other members may have joined since.
    await pause(REPORT_EVERY_MS, deadline);
  }
}

/**
 * Sends the command to every subordinate. Returns whether there was none. The receipt of the server decides that, because the size that
 * this member knows may be 200 ms old. A failed command is not reported: it is sent again, and a member that no command reaches runs the
 * program.
 */
async function report(me: Membership, args: OnceArguments, deadline: AbortSignal): Promise<'alone' | 'sent'> {
  try {
    await me.command(ONCE_COMMAND, args, { to: 'below', deadlineMs: REPORT_DEADLINE_MS, signal: deadline });
    return 'sent';
  } catch (error) {
    return error instanceof RankdError && error.code === 'NO_RECIPIENTS' ? 'alone' : 'sent';
  }
}
