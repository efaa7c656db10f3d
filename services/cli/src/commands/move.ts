/** The verb `move`. */

import { RankdError, type Roster } from '@rankd/client/observer';
import { printable } from '@rankd/protocol';
import { NotDone } from '../errors.js';
import { open } from '../connection.js';
import { writeJson, type CommandContext, type ExitCode } from './command-context.js';
import { findMember } from '../find-member.js';

/** The verb `move`: gives a member another rank. The ranks of the members between the old and the new rank shift by one. */
export async function move(call: CommandContext, wanted: string, rank: number): Promise<ExitCode> {
  using observer = await open(call.connection);
  const roster = await observer.roster();
  const { member, name, rank: was } = findMember(roster, wanted);
  const { view } = await observer.move(member, rank).catch((error: unknown) => {
    throw wrongTarget(error, { roster, name, rank });
  });
  if (call.json) writeJson(call, { member, name, was, rank, view });
  else call.terminal.write(`${printable(name)} (${printable(member)}) was moved from rank ${was} to rank ${rank}`);
  return 0;
}

interface Wanted {
  readonly roster: Roster;
  readonly name: string;
  readonly rank: number;
}

/** The server reports NO_SUCH_TARGET for an unknown member and for an unknown rank. Returns an error that says which of the two. */
function wrongTarget(error: unknown, { roster: { group, size }, name, rank }: Wanted): unknown {
  if (!(error instanceof RankdError) || error.code !== 'NO_SUCH_TARGET') return error;
  if (rank < size) return new NotDone(error.code, `${name} has left group ${group}: run rankctl ls for the list`);
  const ranks = size === 1 ? 'its only rank is 0' : `its ranks are 0 to ${size - 1}`;
  return new NotDone(error.code, `group ${group} has no rank ${rank}: ${ranks}`);
}
