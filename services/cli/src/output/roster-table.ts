/** The table of a roster for people. */

import type { Roster } from '@rankd/client/observer';
import { printable, type RosterMember } from '@rankd/protocol';
import { formatTags } from '../roster/row-template.js';
import { noMembersLine } from './empty-group.js';
import { formatAge } from './format-duration.js';
import type { Screen, Style } from '../terminal/terminal.js';
import { textTable, type Cell } from './text-table.js';

/** Returns the roster as a table for people, by rank. The leader is green, and members that are away are dim. */
export function rosterTable({ group, view, size, members }: Roster, nowMs: number, screen: Screen): string[] {
  const { paint } = screen;
  const away = members.filter(({ state }) => state === 'away').length;
  const title = [
    `group ${paint('bold', printable(group))}`,
    `${counted(members.length, size)}${away === 0 ? '' : `, ${away} away`}`,
    `view ${view}`,
  ].join(' · ');
  if (members.length === 0) return [title, size === 0 ? noMembersLine : 'The group has no such members.'];
  const hasTags = members.some(({ tags }) => Object.keys(tags).length > 0);
  const titles = ['RANK', 'NAME', 'STATE', 'AGE', 'SLOT', 'ADDRESS', 'MEMBER', ...(hasTags ? ['TAGS'] : [])];
  const rows = members.map(member => rowOf(member, nowMs, hasTags));
  return [title, ...textTable(titles, rows, screen)];
}

/** The table may show only some members of the group. */
function counted(shown: number, size: number): string {
  const members = size === 1 ? 'member' : 'members';
  return shown === size ? `${size} ${members}` : `${shown} of ${size} ${members}`;
}

function rowOf(member: RosterMember, nowMs: number, hasTags: boolean): Cell[] {
  const { rank, name, state, joinedAt, slot, address, tags } = member;
  const cells = [
    rank === 0 ? '0 *' : String(rank),
    name,
    formatState(member),
    formatAge(joinedAt, nowMs),
    String(slot),
    address,
    member.member,
    ...(hasTags ? [formatTags(tags)] : []),
  ];
  const style = styleOf(rank, state);
  return cells.map(text => ({ text, style }));
}

function formatState({ rank, state }: RosterMember): string {
  if (rank > 0) return state;
  return state === 'away' ? 'away, leads' : 'leads';
}

function styleOf(rank: number, state: RosterMember['state']): Style | undefined {
  if (state === 'away') return 'dim';
  return rank === 0 ? 'green' : undefined;
}
