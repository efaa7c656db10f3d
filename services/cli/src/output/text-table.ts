/** Text tables for a terminal. */

import { printable } from '@rankd/protocol';
import stringWidth from 'string-width';
import type { Screen, Style } from '../terminal/terminal.js';
import { sizeOf } from '../terminal/terminal-size.js';

/** A cell with a style. */
export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** A cell with its printable text and its width in columns. The width is measured once, because that takes 15 µs for a Japanese name. */
interface MeasuredCell extends Cell {
  readonly width: number;
}

const graphemes = new Intl.Segmenter();

/**
 * Returns the lines of a table. Each column is as wide as its widest cell, with two spaces between columns. Titles are dim.
 * Control characters are escaped.
 */
export function textTable(
  titles: readonly string[],
  rows: readonly (readonly (string | Cell)[])[],
  { paint, columns: reported }: Screen,
): string[] {
  const { columns } = sizeOf({ columns: reported, rows: undefined });
  const header = titles.map(text => measured({ text, style: 'dim' }));
  const lines = [header, ...rows.map(row => row.map(measured))];
  const widths = titles.map((_, at) => Math.max(...lines.map(line => line[at]?.width ?? 0)));
  return lines.map(line => lineOf(line, widths, { paint, columns }));
}

function measured(cell: string | Cell): MeasuredCell {
  const { text, style } = typeof cell === 'string' ? { text: cell } : cell;
  const shown = printable(text);
  return { text: shown, style, width: stringWidth(shown) };
}

/** Pads the cells of a line. Spaces have no style, trailing spaces are removed, and a line that is wider than the screen is cut. */
function lineOf(cells: readonly MeasuredCell[], widths: readonly number[], { paint, columns }: Screen): string {
  let line = '';
  let [start, end] = [0, 0];
  for (const [at, cell] of cells.entries()) {
    const { text, style, width } = cut(cell, columns - start);
    if (text !== '') {
      line += ' '.repeat(start - end) + (style === undefined ? text : paint(style, text));
      end = start + width;
    }
    start += (widths[at] ?? 0) + 2;
  }
  return line;
}

/**
 * Cuts a text between graphemes, the characters as people count them. So a letter keeps its accents, and no half of a wide
 * character remains.
 */
function cut(cell: MeasuredCell, widthMax: number): MeasuredCell {
  if (cell.width <= widthMax) return cell;
  if (widthMax < 2) return { text: '', width: 0 };
  let [text, width] = ['', 0];
  for (const { segment } of graphemes.segment(cell.text)) {
    const wider = width + stringWidth(segment);
    if (wider > widthMax - 1) break;
    text += segment;
    width = wider;
  }
  return { ...cell, text: `${text}…`, width: width + 1 };
}
