/** The verb `remove`. */

import { printable } from '@rankd/protocol';
import { open } from '../connection.js';
import { writeJson, type CommandContext, type ExitCode } from './command-context.js';
import { findMember } from '../find-member.js';

/** The verb `remove`: removes a member from the group. The member does not reconnect by itself. */
export async function remove(
  call: CommandContext,
  wanted: string,
  options: { readonly reason?: string },
): Promise<ExitCode> {
  using observer = await open(call.connection);
  const { member, name, rank } = findMember(await observer.roster(), wanted);
  const { view } = await observer.remove(member, options.reason);
  if (call.json) writeJson(call, { member, name, rank, view });
  else call.terminal.write(`${printable(name)} (${printable(member)}), which had rank ${rank}, was removed`);
  return 0;
}
