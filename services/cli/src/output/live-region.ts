import type { Terminal } from './terminal.js';

/** Shows lines in place of the lines shown before. If the output is not a terminal, appends the lines after an empty line. */
export class LiveRegion {
  readonly #terminal: Terminal;
  #linesShown = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Shows these lines. */
  show(lines: readonly string[]): void {
    const { isInteractive, rows, write } = this.#terminal;
    if (!isInteractive) {
      write([...(this.#linesShown > 0 ? [''] : []), ...lines].join('\n'));
      this.#linesShown = lines.length;
      return;
    }
    const fitting = fit(lines, rows - 1);
    // Moves the cursor up to the first line that was shown, and clears from there.
    const back = this.#linesShown === 0 ? '' : `\x1b[${this.#linesShown}A\x1b[J`;
    write(`${back}${fitting.join('\n')}`);
    this.#linesShown = fitting.length;
  }
}

/** Returns at most as many lines as the screen has. The cursor cannot move up to lines that have scrolled out. */
function fit(lines: readonly string[], linesMax: number): readonly string[] {
  if (lines.length <= linesMax) return lines;
  const shown = lines.slice(0, Math.max(1, linesMax - 1));
  return [...shown, `… and ${lines.length - shown.length} more`];
}
