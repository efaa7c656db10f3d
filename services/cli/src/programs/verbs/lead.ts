/** The verb `lead`: runs a program only while its member has rank 0 (R-PROG-4). */

import { systemEnvironment } from '@rankd/client/internal';
import { RestartDelay } from '../policy/restart-delay.js';
import type { LeadOptions, RestartPolicy } from '../program-options.js';
import type { ProgramExit } from '../program-runner.js';
import { leadsWithProgram, startDelayMs } from '../session/leadership-program.js';
import { Predecessor } from '../session/predecessor.js';
import { type ProgramCall, type ProgramSession, runSession } from '../session/program-session.js';
import { prepareLeader, superviseLeader } from '../session/supervise-leader.js';

/** The tag of a member that runs a program only while it leads. */
const LEAD_TAG = { rankctl: 'lead' } as const;

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
      me.on('joined', ({ rank }) => {
        if (rank > 0) void warnOfOtherLeader(me, call);
      });
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

/** Reports that rank 0 is no `rankctl lead`: then the program of this member never runs while that member is there. */
async function warnOfOtherLeader(me: ProgramSession['me'], { log, connection }: ProgramCall): Promise<void> {
  // The query fails if the session ends. The next session asks again.
  const roster = await me.roster().catch(() => undefined);
  const leader = roster?.members[0];
  if (leader === undefined || leader.tags['rankctl'] === LEAD_TAG.rankctl) return;
  const sentence = `rank 0 of the group ${connection.group} is ${leader.name}, which was not started by rankctl lead: use another --group for lead`;
  log.error('other-leader', sentence, { member: leader.member, name: leader.name });
}
