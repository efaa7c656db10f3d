import stringWidth from 'string-width';
import { sizeOf } from './terminal-size.js';
import type { Terminal } from './terminal.js';

/** Shows lines in place of the lines shown before. If the output is not a terminal, appends the lines after an empty line. */
export class LiveRegion {
  readonly #terminal: Terminal;
  #rowsShown = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Shows these lines. */
  show(lines: readonly string[]): void {
    const { isInteractive, write } = this.#terminal;
    if (!isInteractive) {
      write([...(this.#rowsShown > 0 ? [''] : []), ...lines].join('\n'));
      this.#rowsShown = lines.length;
      return;
    }
    const { columns, rows } = sizeOf(this.#terminal);
    const fitting = fit(lines, Math.max(1, rows - 1), columns);
    // Moves the cursor up to the first row that was shown, and clears from there.
    const back = this.#rowsShown === 0 ? '' : `\x1b[${this.#rowsShown}A\x1b[J`;
    write(`${back}${fitting.join('\n')}`);
    this.#rowsShown = rowsOf(fitting, columns);
  }
}

/** Returns at most as many lines as the screen has rows for. The cursor cannot move up to rows that have scrolled out. */
function fit(lines: readonly string[], rowsMax: number, columns: number): readonly string[] {
  if (rowsOf(lines, columns) <= rowsMax) return lines;
  let count = lines.length;
  // One row is reserved for the line '… and N more'.
  while (count > 0 && rowsOf(lines.slice(0, count), columns) > rowsMax - 1) count -= 1;
  return [...lines.slice(0, count), `… and ${lines.length - count} more`];
}

/** Returns how many rows of the screen the lines take. A line that is wider than the screen continues in the next row. */
function rowsOf(lines: readonly string[], columns: number): number {
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(stringWidth(line) / columns)), 0);
}
