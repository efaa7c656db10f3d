/** The verb `lead`: runs a program only while its member has rank 0 (R-PROG-4). */

import { systemEnvironment } from '@rankd/client/internal';
import { RestartDelay } from '../policy/restart-delay.js';
import type { LeadOptions, RestartPolicy } from '../program-options.js';
import type { ProgramExit } from '../program-runner.js';
import { leadsWithProgram, startDelayMs } from '../session/leadership-program.js';
import { LEAD_TAG, reportOtherLeaders } from '../session/other-leader.js';
import { Predecessor } from '../session/predecessor.js';
import { type ProgramCall, runSession } from '../session/program-session.js';
import { prepareLeader, superviseLeader } from '../session/supervise-leader.js';

/** Runs a program while this member leads. Returns the exit code of rankctl. */
export async function lead(call: ProgramCall, options: LeadOptions): Promise<number> {
  let predecessor: Predecessor | undefined;
  const delay = new RestartDelay();
  const own = { ...options, tags: { ...options.tags, ...LEAD_TAG } };
  return await runSession(call, own, {
    leads: leadsWithProgram,
    prepare: session => {
      const { me } = session;
      predecessor = new Predecessor(me);
      prepareLeader(session);
      reportOtherLeaders({ me, group: call.connection.group, log: call.log, ending: session.ending.signal });
    },
    supervise: async session =>
      await superviseLeader(session, own, {
        startDelayMs: () => (predecessor === undefined ? 0 : startDelayMs(predecessor)),
        afterExit: async exit => Promise.resolve(restartDelay(exit, options.restart, delay)),
      }),
  });
}

function restartDelay({ code }: ProgramExit, restart: RestartPolicy, delay: RestartDelay): number | 'end' {
  if (restart === 'no' || (restart === 'on-failure' && code === 0)) return 'end';
  return delay.next(systemEnvironment.clock.nowMs());
}
