import { numberText } from './number-text.js';
import type { ProbeReport, RowReport } from './report.js';
import { median } from '../rows/statistics.js';
import { bar, label, svgOf } from './svg.js';

const width = 860;
const plotLeft = 200;
const plotRight = 740;
const top = 72;
const lineHeight = 20;
const rowGap = 34;

export interface SamplePlot {
  readonly title: string;
  /** What a bar's length is, for people. */
  readonly unit: string;
  /** The number of a sample that is shown, and what it is divided by. */
  readonly name: string;
  readonly divisor: number;
  readonly rows: readonly RowReport[];
}

/** A bar for each probe of each row, the longest of a row being full length: rows differ by more than a page is wide. */
export function plotSamples({ title, unit, name, divisor, rows }: SamplePlot): string {
  const parts: string[] = [
    label({ x: 20, y: 28 }, title, { css: 'title' }),
    label({ x: 20, y: 48 }, `${unit}; the longest bar of each group is full width`, { css: 'faint' }),
  ];
  let y = top;
  for (const row of rows) {
    const values = row.probes.flatMap(probe => valueOf(probe, name, divisor));
    if (values.length === 0) continue;
    parts.push(label({ x: 20, y: y + 12 }, row.work));
    y += lineHeight;
    const most = Math.max(...values.map(({ value }) => value));
    for (const { key, value } of values) {
      const length = (value / most) * (plotRight - plotLeft);
      parts.push(
        label({ x: plotLeft - 10, y: y + 13 }, key, { anchor: 'end', css: 'faint' }),
        bar({ x: plotLeft, y: y + 3 }, length, 13, /^rankd|sender|^R=/.test(key) ? 'rankd' : 'peer'),
        label({ x: plotLeft + length + 8, y: y + 14 }, numberText(value)),
      );
      y += lineHeight;
    }
    y += rowGap - lineHeight;
  }
  return svgOf({ width, height: y + 4, title, parts });
}

function valueOf({ key, samples }: ProbeReport, name: string, divisor: number): { key: string; value: number }[] {
  const values = samples.flatMap(sample => sample[name] ?? []);
  return values.length === 0 ? [] : [{ key, value: median(values) / divisor }];
}
