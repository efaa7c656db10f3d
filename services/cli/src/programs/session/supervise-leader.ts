/** Runs the program of a leader for as long as rankctl lives: what `lead` and `once` have in common. */

import { SLACK_MIN_MS, slackOf } from '../policy/lease-bounds.js';
import { exitCodes } from '../program-end.js';
import type { ProgramExit } from '../program-runner.js';
import { type LeadershipPolicy, LeadershipProgram } from './leadership-program.js';
import { type MembersWanted, waitForMembers } from './members-present.js';
import type { ProgramSession } from './program-session.js';

/**
 * Prepares a member whose program runs only while it leads. Each session gets a guard that shares its socket (R-PROG-5). The guard starts
 * before the member leads, so that the program can start at once later.
 */
export function prepareLeader({ me, socket, log, ending, guards, runner }: ProgramSession): void {
  me.on('joined', () => {
    const current = socket();
    if (current !== undefined) guards.openForSession(current);
    const slackMs = me.server === undefined ? SLACK_MIN_MS : slackOf(me.server);
    if (slackMs >= SLACK_MIN_MS || ending.hasBegun) return;
    const sentence = `the server gives a program ${slackMs} ms to stop, and ${SLACK_MIN_MS} are needed`;
    log.error('slack', `${sentence}: raise its RANKD_SUSPEND_MS, or lower RANKD_HEARTBEAT_MS`, { slackMs });
    ending.beginWith(exitCodes.configuration);
  });
  me.on('disconnected', () => {
    // Do not wait: another member may lead already.
    runner.kill('leadership');
    guards.close();
  });
}

/**
 * Runs the program each time the member leads, until the policy ends it or rankctl ends. Returns the exit code.
 * @throws ProgramEnd 75 if too few members are present, 126 or 127 if the program cannot be started
 */
export async function superviseLeader(
  session: ProgramSession,
  wanted: MembersWanted,
  policy: LeadershipPolicy,
): Promise<number> {
  const { me, ending, runner } = session;
  await waitForMembers(session, wanted);
  let last: ProgramExit | undefined;
  runner.on('ended', exit => {
    if (ending.hasBegun) last ??= exit;
  });
  const over = new AbortController();
  ending.onBegin(() => over.abort());
  const work = async (leading: AbortSignal): Promise<void> => {
    const exit = await new LeadershipProgram(session, policy, leading).run();
    if (exit === undefined) return;
    last = exit;
    over.abort();
  };
  try {
    await me.lead(work, { signal: over.signal });
  } catch (error) {
    if (!over.signal.aborted) throw error;
  }
  return ending.hasBegun || last === undefined ? ending.codeAfter(last) : last.code;
}
