/** The table of a command's targets. */

import type { ReportLine } from '../output/command-report.js';
import { printableJson, RawJson } from '../output/json-output.js';
import type { Style } from '../terminal/terminal.js';
import type { Cell } from '../output/text-table.js';

/** The titles of the columns. */
export const reportTitles = ['RANK', 'NAME', 'STATUS', 'AFTER', 'ANSWER'] as const;

const styles: Readonly<Record<ReportLine['status'], Style>> = {
  done: 'green',
  failed: 'red',
  refused: 'red',
  expired: 'yellow',
  left: 'yellow',
  unsent: 'red',
};

/** Returns the cells of one target. */
export function reportRow({ rank, name, status, value, why, ms }: ReportLine): (string | Cell)[] {
  return [
    rank === undefined ? '-' : String(rank),
    name ?? '-',
    { text: status, style: styles[status] },
    ms === undefined ? '-' : `${ms} ms`,
    why ?? (value instanceof RawJson ? printableJson(value.text) : ''),
  ];
}

/** Returns the target of a line as text: `client-3 (rank 2)`. */
export function targetText({ rank, name }: Pick<ReportLine, 'rank' | 'name'>): string {
  if (name === undefined) return `rank ${rank ?? ''}`;
  return rank === undefined ? name : `${name} (rank ${rank})`;
}
