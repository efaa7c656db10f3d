import { printable } from '@rankd/protocol';
import { open } from '../connection.js';
import { writeJson, type CommandContext, type ExitCode } from './command-context.js';
import { findMember } from '../find-member.js';

/** The verb `move`: gives a member another rank. The ranks of the members between the old and the new rank shift by one. */
export async function move(call: CommandContext, wanted: string, rank: number): Promise<ExitCode> {
  using observer = await open(call.connection);
  const { member, name, rank: was } = findMember(await observer.roster(), wanted);
  const { view } = await observer.move(member, rank);
  if (call.json) writeJson(call, { member, name, was, rank, view });
  else call.terminal.write(`${printable(name)} (${printable(member)}) was moved from rank ${was} to rank ${rank}`);
  return 0;
}
