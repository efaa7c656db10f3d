/** The verb `wait`. */

import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '@rankd/protocol';
import type { RankdError, Roster } from '@rankd/client/observer';
import { formatError } from '../output/format-error.js';
import { NotDone } from '../errors.js';
import { watchRoster } from '../output/roster-watch.js';
import { writeJson, type CommandContext, type ExitCode } from './command-context.js';

interface WaitOptions {
  readonly members: number;
  readonly timeoutS: number;
}

/**
 * Waits until enough members are present. Members that are away do not count. The server may start later.
 * @throws NotDone TIMEOUT
 */
export async function wait(call: CommandContext, { members, timeoutS }: WaitOptions): Promise<ExitCode> {
  const stop = new AbortController();
  const timer = sleep(timeoutS * 1000, undefined, { signal: stop.signal }).then(
    () => stop.abort(),
    () => undefined,
  );
  let present = 0;
  let roster: Roster | undefined;
  let failure: RankdError | undefined;
  await watchRoster(
    call.connection,
    {
      roster: newest => {
        [roster, failure] = [newest, undefined];
        present = newest.members.filter(({ state }) => state === 'present').length;
        if (present >= members) stop.abort();
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
  if (present < members) {
    throw new NotDone('TIMEOUT', `${present} of ${members} members are present after ${timeoutS} s`);
  }
  const { group, view, size } = roster;
  if (call.json) writeJson(call, { group, view, size, present });
  else call.terminal.write(`group ${printable(group)} has ${present} members`);
  return 0;
}
