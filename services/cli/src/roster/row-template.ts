/** The templates of `rankctl ls --format`. */

import type { Roster } from '@rankd/client/observer';
import { printable, type RosterMember } from '@rankd/protocol';
import { UsageError } from '../errors.js';
import { formatAge } from '../output/format-duration.js';

/** The placeholders, with their values. `{tag.KEY}` is the value of one tag. */
const fields = {
  rank: ({ row }: Row) => String(row.rank),
  name: ({ row }: Row) => row.name,
  member: ({ row }: Row) => row.member,
  slot: ({ row }: Row) => String(row.slot),
  state: ({ row }: Row) => row.state,
  leads: ({ row }: Row) => (row.rank === 0 ? '1' : '0'),
  address: ({ row }: Row) => row.address,
  joinedAt: ({ row }: Row) => row.joinedAt,
  age: ({ row, nowMs }: Row) => formatAge(row.joinedAt, nowMs),
  tags: ({ row }: Row) => formatTags(row.tags),
  group: ({ roster }: Row) => roster.group,
  size: ({ roster }: Row) => String(roster.size),
  view: ({ roster }: Row) => String(roster.view),
} as const;

const fieldNames = Object.keys(fields) as (keyof typeof fields)[];

/** The names of the placeholders, for help texts. */
export const PLACEHOLDERS = [...fieldNames.map(name => `{${name}}`), '{tag.KEY}'].join(' ');

/** A member, with the roster that it is a row of. */
interface Row {
  readonly row: RosterMember;
  readonly roster: Pick<Roster, 'group' | 'size' | 'view'>;
  readonly nowMs: number;
}

/** Returns the text of a row. */
export type RowTemplate = (row: RosterMember, roster: Row['roster'], nowMs: number) => string;

/** `{{name}}`, `{name}` or `{tag.KEY}`. The key of a tag has no braces here. */
const placeholder = /\{\{[^{}]{1,80}\}\}|\{(?:tag\.[^{}]{1,64}|[A-Za-z]{1,32})\}/g;

/**
 * Parses a template such as `{name} {rank}`. `\t` and `\n` are a tab and a line end, as in the templates of docker. `{{name}}` is the text
 * `{name}`, and other braces stay as they are. Control characters in a value are escaped.
 * @throws UsageError for an unknown placeholder
 */
export function parseRowTemplate(text: string): RowTemplate {
  const template = text.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
  for (const [found] of template.matchAll(placeholder)) checkPlaceholder(found);
  return (row, roster, nowMs) =>
    template.replaceAll(placeholder, found =>
      found.startsWith('{{') ? found.slice(1, -1) : printable(valueOf(found.slice(1, -1), { row, roster, nowMs })),
    );
}

function checkPlaceholder(found: string): void {
  const name = found.slice(1, -1);
  if (found.startsWith('{{') || name.startsWith('tag.') || Object.hasOwn(fields, name)) return;
  throw new UsageError(`--format: ${found} is unknown: use ${PLACEHOLDERS}, or json or table`);
}

function valueOf(name: string, row: Row): string {
  const field = fieldNames.find(known => known === name);
  if (field !== undefined) return fields[field](row);
  const { tags } = row.row;
  const key = name.slice('tag.'.length);
  return Object.hasOwn(tags, key) ? (tags[key] ?? '') : '';
}

/** Returns tags as text: `zone=eu tier=web`. */
export function formatTags(tags: RosterMember['tags']): string {
  return Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
