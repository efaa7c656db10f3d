/** The forms in which `rankctl ls` prints a roster. */

import type { Roster } from '@rankd/client/observer';
import { assertNever, printable, type RosterMember } from '@rankd/protocol';
import { UsageError } from '../errors.js';
import { toJsonLine } from '../output/json-output.js';
import { rosterTable } from '../output/roster-table.js';
import type { Screen } from '../terminal/terminal.js';
import { textTable } from '../output/text-table.js';
import { parseTag } from '../sending/parse-target.js';
import { parseRowTemplate, type RowTemplate } from './row-template.js';

/** The options of `ls` about its output. */
export interface ListingOptions {
  readonly quiet?: boolean;
  readonly format?: string;
  readonly tag?: readonly string[];
}

/** How to print a roster. */
export interface Listing {
  readonly form:
    | { readonly kind: 'table' }
    | { readonly kind: 'ids' }
    | { readonly kind: 'roster as JSON' | 'ids as JSON' | 'members as JSON' }
    | { readonly kind: 'template'; readonly template: RowTemplate }
    | { readonly kind: 'columns'; readonly titles: readonly string[]; readonly cells: readonly RowTemplate[] };
  /** Only members with these tags are printed. */
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Parses the options of `ls`.
 * @param json whether --json is given
 * @throws UsageError
 */
export function parseListing({ quiet = false, format, tag = [] }: ListingOptions, json: boolean): Listing {
  const all = tag.map(each => parseTag('--tag', each));
  const tags = Object.assign({}, ...all) as Record<string, string>;
  if (format === undefined) {
    const [text, asJson] = quiet ? (['ids', 'ids as JSON'] as const) : (['table', 'roster as JSON'] as const);
    return { form: { kind: json ? asJson : text }, tags };
  }
  if (quiet) throw new UsageError('--quiet and --format are two forms of the output: give one of them');
  if (json && format !== 'json')
    throw new UsageError('--json and --format are two forms of the output: give one of them');
  if (format === 'table') return { form: { kind: 'table' }, tags };
  if (format === 'json') return { form: { kind: 'members as JSON' }, tags };
  return { form: parseTemplate(format), tags };
}

const columnsPrefix = 'table ';

/** Parses a template, or `table` and the templates of its columns with tabs between them. */
function parseTemplate(format: string): Listing['form'] {
  if (format.trim() === '') throw new UsageError('--format is empty: give a template such as "{name} {rank}"');
  if (!format.startsWith(columnsPrefix)) return { kind: 'template', template: parseRowTemplate(format) };
  const columns = format.slice(columnsPrefix.length).replaceAll('\\t', '\t').split('\t');
  const titles = columns.map(column => column.replaceAll(/[{}]/g, '').toUpperCase());
  return { kind: 'columns', titles, cells: columns.map(parseRowTemplate) };
}

/** Returns the lines of a roster. There may be none. */
export function listingLines(roster: Roster, { form, tags }: Listing, nowMs: number, screen: Screen): string[] {
  const members = roster.members.filter(member => hasTags(member, tags));
  switch (form.kind) {
    case 'table':
      return rosterTable({ ...roster, members }, nowMs, screen);
    case 'ids':
      return members.map(({ member }) => printable(member));
    case 'roster as JSON':
      return [toJsonLine({ ...roster, members })];
    case 'ids as JSON':
      return [toJsonLine(members.map(({ member }) => member))];
    case 'members as JSON':
      return members.map(member => toJsonLine(member));
    case 'template':
      return members.map(member => form.template(member, roster, nowMs));
    case 'columns': {
      const rows = members.map(member => form.cells.map(cell => cell(member, roster, nowMs)));
      return textTable(form.titles, rows, screen);
    }
    default:
      return assertNever(form);
  }
}

function hasTags(member: RosterMember, tags: Listing['tags']): boolean {
  return Object.entries(tags).every(([key, value]) => Object.hasOwn(member.tags, key) && member.tags[key] === value);
}
