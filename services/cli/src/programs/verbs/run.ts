/** The verb `run`: starts a program as a member (R-PROG-1 to R-PROG-3). */

import { systemEnvironment } from '@rankd/client/internal';
import { readMemberFields } from '../line/member-fields.js';
import { placeholdersOf } from '../line/program-line.js';
import { ChangeSettler } from '../policy/change-settler.js';
import type { RunOptions } from '../program-options.js';
import { waitForMembers } from '../session/members-present.js';
import { type ProgramCall, type ProgramSession, runSession } from '../session/program-session.js';
import { onChange, waitUntil } from '../session/wait-for-event.js';

/** Runs a program as a member. Returns the exit code of rankctl. */
export async function run(call: ProgramCall, options: RunOptions): Promise<number> {
  return await runSession(call, options, {
    prepare: ({ guards }) => guards.openForProcess(),
    leads: ({ me }) => me.rank === 0,
    supervise: async session => {
      await waitForMembers(session, options);
      const stopWatching = watchChanges(session, options);
      try {
        return await runUntilExit(session);
      } finally {
        stopWatching();
      }
    },
  });
}

/** Runs the program, and again after rankctl has stopped it, until it exits by itself or rankctl ends. */
async function runUntilExit(session: ProgramSession): Promise<number> {
  const { me, ending, guards, runner, access } = session;
  for (;;) {
    await access.recordStart();
    // Each condition may change while another is waited for. The program must not start while the member is suspended.
    const canStart = await waitUntil(me, () => me.rank !== undefined, ending.signal);
    const guard = canStart ? await guards.waitForGuard(ending.signal) : undefined;
    if (guard === undefined) return ending.codeAfter(undefined);
    if (me.rank === undefined || !guard.isUp) continue;
    const exit = await runner.run(readMemberFields(me), guard);
    if (ending.hasBegun) return ending.codeAfter(exit);
    if (exit.stopped === undefined) return exit.code;
  }
}

/** Restarts or signals the program when its member has changed. Returns a function that ends this. */
function watchChanges({ me, runner }: ProgramSession, options: RunOptions): () => void {
  const { onChange: reaction, watched, settleMs, restartEveryMs, line } = options;
  const everyMs = reaction.kind === 'restart' ? restartEveryMs : undefined;
  const { clock, random } = systemEnvironment;
  const settler = new ChangeSettler(clock, { watched, settleMs, everyMs, random }, () => {
    if (me.rank === undefined) return;
    if (reaction.kind === 'restart') runner.stop('change');
    if (reaction.kind !== 'signal') return;
    runner.signal(reaction.signal);
    settler.recordTold(readMemberFields(me));
  });
  if (reaction.kind !== 'none') {
    runner.on('started', ({ fields }) => settler.recordStart(fields));
    runner.on('ended', () => settler.stop());
  }
  const used = placeholdersOf(line);
  const hasIdentity = used.has('slot') || used.has('member');
  const removeListeners = onChange(me, () => {
    const { running } = runner;
    if (me.rank === undefined) return;
    // Another member may have the slot by now.
    if (hasIdentity && running !== undefined && running.fields.member !== me.member) runner.stop('change');
    settler.update(readMemberFields(me));
  });
  return () => {
    removeListeners();
    settler.stop();
  };
}
