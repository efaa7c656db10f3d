import { printable } from '@rankd/protocol';
import type { Screen, Style } from './terminal.js';

export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** Columns as wide as their widest cell, two spaces between, nothing behind the last. Titles are dim; text is made printable. */
export function textTable(
  titles: readonly string[],
  rows: readonly (readonly (string | Cell)[])[],
  { paint, columns }: Screen,
): string[] {
  const header = titles.map((text): Cell => ({ text, style: 'dim' }));
  const lines = [header, ...rows.map(row => row.map(shownCell))];
  const widths = titles.map((_, at) => Math.max(...lines.map(line => widthOf(line[at]?.text ?? ''))));
  return lines.map(line => lineOf(line, widths, { paint, columns }));
}

function shownCell(cell: string | Cell): Cell {
  return typeof cell === 'string' ? { text: printable(cell) } : { ...cell, text: printable(cell.text) };
}

/** Spaces stay unpainted, and those at the end are left out; what is wider than the screen is cut. */
function lineOf(cells: readonly Cell[], widths: readonly number[], { paint, columns }: Screen): string {
  let line = '';
  let [start, end] = [0, 0];
  for (const [at, { text, style }] of cells.entries()) {
    const shown = cut(text, columns - start);
    if (shown !== '') {
      line += ' '.repeat(start - end) + (style === undefined ? shown : paint(style, shown));
      end = start + widthOf(shown);
    }
    start += (widths[at] ?? 0) + 2;
  }
  return line;
}

function cut(text: string, widthMax: number): string {
  if (widthOf(text) <= widthMax) return text;
  return widthMax < 2
    ? ''
    : `${Array.from(text)
        .slice(0, widthMax - 1)
        .join('')}…`;
}

/** In characters as people count them, near enough: a name may hold letters that take two code units. */
function widthOf(text: string): number {
  return Array.from(text).length;
}
