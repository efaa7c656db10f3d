/** The rank table of a group as text. */

import { printable, type RosterMember } from '@rankd/protocol';
import stringWidth from 'string-width';
import type { GroupQueries, RosterListing } from '../group-queries.js';
import { QUOTED_CHARS_MAX } from './responses.js';

const columns: readonly { readonly title: string; readonly read: (member: RosterMember) => string }[] = [
  { title: 'RANK', read: member => String(member.rank) },
  { title: 'NAME', read: member => member.name },
  { title: 'MEMBER', read: member => member.member },
  { title: 'SLOT', read: member => String(member.slot) },
  { title: 'STATE', read: member => member.state },
  { title: 'ADDRESS', read: member => member.address },
  { title: 'JOINED', read: member => member.joinedAt },
];

/** Returns the rank table of a group, or a line if it has no members. */
export function renderGroupTable(queries: GroupQueries, group: string): string {
  const listing = queries.readRoster(group);
  return listing === undefined
    ? `group ${printable(group.slice(0, QUOTED_CHARS_MAX))} has no members\n`
    : renderRoster(listing);
}

/** Returns a roster as text with padded columns, for curl. */
export function renderRoster(listing: RosterListing): string {
  const rows = [
    columns.map(column => column.title),
    ...listing.members.map(member => columns.map(column => printable(column.read(member)))),
  ];
  const widths = columns.map((_, index) => rows.reduce((widest, row) => Math.max(widest, displayWidth(row[index])), 0));
  const lines = rows.map(row =>
    row
      .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - displayWidth(cell)))
      .join('  ')
      .trimEnd(),
  );
  const head = `group ${listing.group}, ${listing.size} members, view ${listing.view}, epoch ${listing.epoch}`;
  return `${head}\n${lines.join('\n')}\n`;
}

/**
 * Returns the columns of a terminal that a cell uses. Most cells are ASCII. For them the length is enough, and much faster than the
 * library.
 */
function displayWidth(cell = ''): number {
  return /^[ -~]*$/.test(cell) ? cell.length : stringWidth(cell);
}
