import type { JudgedTarget, Verdict } from '../rows/metric-target.js';
import { numberText } from './number-text.js';
import type { RowReport } from './report.js';
import { bar, label, line, svgOf } from './svg.js';

const width = 860;
const plotLeft = 470;
const plotRight = 770;
const top = 78;
const lineHeight = 22;
/** The most that is shown beside must, in either direction; bars beyond are cut. */
const timesMax = 16;

const cssOf: Readonly<Record<Verdict, string>> = { goal: 'met', must: 'near', missed: 'missed' };

interface Entry {
  readonly name: string;
  readonly figure: JudgedTarget;
  readonly got: number;
  readonly verdict: Verdict;
}

/**
 * Every figure as a bar from its must, on a logarithmic scale: to the right it is better than it must be. A mark shows the goal.
 * Figures whose must is 0 have no scale and are left out.
 */
export function plotTargets(rows: readonly RowReport[]): string {
  const entries = rows.flatMap(row => row.figures.flatMap(figure => entryOf(row, figure)));
  const bottom = top + entries.length * lineHeight;
  const parts = [
    label({ x: 20, y: 28 }, 'What was got, beside what it must be', { css: 'title' }),
    label(
      { x: 20, y: 48 },
      'times better than must (log scale); mark: the goal; green: goal reached, yellow: must, red: missed',
      { css: 'faint' },
    ),
    ...[1 / 4, 1 / 2, 1, 2, 4, 8].flatMap(times => [
      line({ x: xOf(times), y: top - 6 }, { x: xOf(times), y: bottom }, times === 1 ? 'must' : 'rule'),
      label({ x: xOf(times), y: top - 12 }, times === 1 ? 'must' : numberText(times), {
        css: 'faint',
        anchor: 'middle',
      }),
    ]),
    ...entries.flatMap((entry, at) => drawEntry(entry, top + at * lineHeight)),
  ];
  return svgOf({ width, height: bottom + 16, title: 'Every figure beside its must and its goal', parts });
}

function entryOf({ id }: RowReport, figure: JudgedTarget): Entry[] {
  const { judgement, must, what } = figure;
  if (judgement.kind === 'unmeasured' || must === 0) return [];
  return [{ name: `${id}: ${what}`, figure, got: judgement.got.median, verdict: judgement.verdict }];
}

/** How many times better than it must be. */
function timesOf({ better, must }: JudgedTarget, value: number): number {
  return better === 'more' ? value / must : must / value;
}

function xOf(times: number): number {
  const share = Math.log2(Math.min(Math.max(times, 1 / 4), timesMax) * 4) / Math.log2(timesMax * 4);
  return plotLeft + share * (plotRight - plotLeft);
}

function drawEntry({ name, figure, got, verdict }: Entry, y: number): string[] {
  const [from, to] = [xOf(1), xOf(timesOf(figure, got))];
  const goalX = xOf(timesOf(figure, figure.goal));
  return [
    label({ x: plotLeft - 100, y: y + 14 }, name, { anchor: 'end' }),
    label({ x: plotLeft - 12, y: y + 14 }, numberText(got), { css: cssOf[verdict], anchor: 'end' }),
    bar({ x: Math.min(from, to), y: y + 4 }, Math.abs(to - from), 12, cssOf[verdict]),
    line({ x: goalX, y: y + 1 }, { x: goalX, y: y + 19 }, 'goal'),
  ];
}
