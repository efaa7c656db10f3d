/** Reports a leader of `lead`'s group that was not started by `rankctl lead`. */

import type { Membership } from '@rankd/client';
import { systemEnvironment } from '@rankd/client/internal';
import type { ProgramLog } from '../program-log.js';
import { pause } from './pause.js';

/** The tag of a member that runs a program only while it leads (R-PROG-4). */
export const LEAD_TAG = { rankctl: 'lead' } as const;

/** When the leader changes, each member queries the whole roster. The members spread their queries to about 100 a second. */
const SPREAD_MS_PER_MEMBER = 10;

/** The member whose leaders are reported, and the log for the reports. */
export interface OtherLeaderOptions {
  readonly me: Membership;
  readonly group: string;
  readonly log: Pick<ProgramLog, 'error'>;
  /** Aborted when rankctl ends. */
  readonly ending: AbortSignal;
}

/**
 * Reports each leader that lacks the tag, once: the program of this member never runs while that member leads. Call it before the first
 * connection.
 */
export function reportOtherLeaders({ me, group, log, ending }: OtherLeaderOptions): void {
  let checked: string | undefined;
  const check = async (delayMs: number): Promise<void> => {
    const leader = me.leader?.member;
    if (leader === checked) return;
    checked = leader;
    if (leader === undefined || leader === me.member) return;
    await pause(delayMs, ending);
    // The query fails if the session ends. Then the next session asks again.
    const roster = await me.roster().catch(() => undefined);
    // Another leader has taken over. Its own check reports it.
    if (checked !== leader) return;
    const first = roster?.members[0];
    if (first?.member !== leader) checked = undefined;
    else if (first.tags['rankctl'] !== LEAD_TAG.rankctl) {
      const sentence = `rank 0 of the group ${group} is ${first.name}, which was not started by rankctl lead: use another --group for lead`;
      log.error('other-leader', sentence, { member: first.member, name: first.name });
    }
  };
  me.on('joined', () => void check(0));
  me.on('rank', ({ size }) => void check(systemEnvironment.random() * size * SPREAD_MS_PER_MEMBER));
}
