/** The verb `wait`. */

import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '@rankd/protocol';
import type { RankdError, Roster } from '@rankd/client/observer';
import { emptyGroup } from '../output/empty-group.js';
import { formatError } from '../output/format-error.js';
import { NotDone } from '../errors.js';
import { watchRoster } from '../output/roster-watch.js';
import { writeJson, type CommandContext, type ExitCode } from './command-context.js';
import { judgeRoster, type WaitCondition } from './wait-condition.js';

interface WaitOptions {
  readonly condition: WaitCondition;
  readonly timeoutS: number;
}

/**
 * Waits until a condition of the group holds. The server may start later.
 * @throws NotDone TIMEOUT
 */
export async function wait(call: CommandContext, { condition, timeoutS }: WaitOptions): Promise<ExitCode> {
  const stop = new AbortController();
  const timer = sleep(timeoutS * 1000, undefined, { signal: stop.signal }).then(
    () => stop.abort(),
    () => undefined,
  );
  let roster: Roster | undefined;
  let failure: RankdError | undefined;
  await watchRoster(
    call.connection,
    {
      roster: newest => {
        [roster, failure] = [newest, undefined];
        if (judgeRoster(condition, newest).holds) stop.abort();
      },
      lost: error => (failure = error),
    },
    stop.signal,
  );
  stop.abort();
  await timer;
  if (failure !== undefined) throw formatError(failure, call.connection);
  if (roster === undefined) {
    throw new NotDone('TIMEOUT', `the server at ${call.connection.url} has not answered within ${timeoutS} s`);
  }
  const { holds, words } = judgeRoster(condition, roster);
  if (!holds) {
    const hint = roster.members.length === 0 ? `; ${emptyGroup(roster.group)}` : '';
    throw new NotDone('TIMEOUT', `${words} after ${timeoutS} s${hint}`);
  }
  if (call.json) writeJson(call, reportOf(roster));
  else call.terminal.write(printable(words));
  return 0;
}

function reportOf({ group, view, size, members }: Roster): object {
  const present = members.filter(({ state }) => state === 'present').length;
  const leader = members.find(({ rank, state }) => rank === 0 && state === 'present');
  return {
    group,
    view,
    size,
    present,
    leader: leader === undefined ? null : { member: leader.member, name: leader.name },
  };
}
