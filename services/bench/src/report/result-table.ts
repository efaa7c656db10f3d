/** The results as a table for people. */

import type { CoreRates } from '../rows/core-rates.js';
import type { JudgedTarget } from '../rows/metric-target.js';
import { numberText } from './number-text.js';
import type { RowReport } from './report.js';

/** One line of the table, with every cell as text. */
export interface TableLine {
  readonly work: string;
  readonly what: string;
  readonly must: string;
  readonly goal: string;
  readonly got: string;
  readonly verdict: string;
}

/** Returns the lines of the table. A quick run has no verdicts, because the targets are set for the full sizes. */
export function tableLines(rows: readonly RowReport[], { quick }: { readonly quick: boolean }): TableLine[] {
  return rows.flatMap(({ work, figures }) =>
    figures.map((figure, at) => ({
      work: at === 0 ? work : '',
      what: figure.what,
      must: targetText(figure, figure.must),
      goal: targetText(figure, figure.goal),
      got: gotText(figure),
      verdict: quick && figure.judgement.kind === 'measured' ? '-' : verdictText(figure),
    })),
  );
}

/** Returns the table with columns aligned for a terminal. */
export function renderTable(rows: readonly RowReport[], options: { readonly quick: boolean }): string {
  const header: TableLine = {
    work: 'work',
    what: 'figure',
    must: 'must',
    goal: 'goal',
    got: 'got',
    verdict: 'verdict',
  };
  const lines = [header, ...tableLines(rows, options)];
  const names = ['work', 'what', 'must', 'goal', 'got', 'verdict'] as const;
  const widths = names.map(name => Math.max(...lines.map(line => line[name].length)));
  return lines
    .map(line =>
      names
        .map((name, at) => line[name].padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function targetText({ better, must, goal }: JudgedTarget, target: number): string {
  if (must === goal && must === 0) return '0';
  return `${better === 'more' ? '≥' : '≤'} ${numberText(target)}`;
}

function gotText({ judgement }: JudgedTarget): string {
  if (judgement.kind === 'unmeasured') return '-';
  const { median, least, most } = judgement.got;
  const range = least === most ? '' : ` (${numberText(least)} to ${numberText(most)})`;
  return `${numberText(median)}${range}`;
}

function verdictText({ judgement }: JudgedTarget): string {
  return judgement.kind === 'measured' ? judgement.verdict : `not measured: ${judgement.reason}`;
}

/** Returns a sentence about the rates of the core alone. */
export function coreSentence({ members, joins, replacements, commands, moves }: CoreRates): string {
  const [join, replacement, command, move] = [joins, replacements, commands, moves].map(numberText);
  return `core, ${numberText(members)} members, entries per second: joins ${join}, leaving and joining ${replacement}, commands ${command}, moves ${move}`;
}
