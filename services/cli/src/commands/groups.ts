/** The verb `groups`. */

import type { GroupSummary } from '@rankd/protocol';
import { fetchGroups, type SidePort } from '../http-client.js';
import type { Screen } from '../terminal/terminal.js';
import { textTable } from '../output/text-table.js';
import { writeJson, type CommandContext, type ExitCode } from './command-context.js';

/** The verb `groups`: prints the groups that have members, as the side port lists them. */
export async function groups(call: CommandContext, port: SidePort): Promise<ExitCode> {
  const all = await fetchGroups(port);
  if (call.json) writeJson(call, { groups: all });
  else call.terminal.write(formatGroups(all, call.terminal).join('\n'));
  return 0;
}

function formatGroups(all: readonly GroupSummary[], screen: Screen): string[] {
  const title = `${all.length} ${all.length === 1 ? 'group' : 'groups'}`;
  if (all.length === 0) return [title, 'The server has no group: a group exists while it has members.'];
  const rows = all.map(({ group, size, membersMax, waiting, leader, view, epoch }) => [
    { text: group, style: 'bold' as const },
    `${size}/${membersMax}`,
    String(waiting),
    leader?.name ?? '-',
    String(view),
    String(epoch),
  ]);
  return [title, ...textTable(['GROUP', 'MEMBERS', 'WAITING', 'LEADER', 'VIEW', 'EPOCH'], rows, screen)];
}
