import { styleText } from 'node:util';
import { printable } from '@rankd/protocol';
import { Output, formatSystemError } from './standard-output.js';

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red';

/** What text is made for. */
export interface Screen {
  /** Infinity where there is no screen: nothing is cut. */
  readonly columns: number;
  /** The same text where there are no colours. */
  readonly paint: Paint;
}

/** Where a person, or a program, reads what comes of a verb. */
export interface Terminal extends Screen {
  readonly isInteractive: boolean;
  readonly rows: number;
  /** Aborted once standard output takes nothing any more: its reader has gone, or a write has failed. */
  readonly unread: AbortSignal;
  /** Results, on standard output, as they are: who makes them makes text of others printable. */
  readonly write: (text: string) => void;
  /** What is said besides, on standard error: one line, made printable. */
  readonly say: (sentence: string) => void;
}

/** For text that is complete: commander's help and usage errors. */
export interface ProcessTerminal extends Terminal {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

export type Paint = (style: Style, text: string) => string;

export const unpainted: Paint = (_style, text) => text;
export const painted: Paint = (style, text) => styleText(style, text, { validateStream: false });

/**
 * Of this process. A reader that goes, such as `head`, ends nothing by itself. Where standard output cannot be written for another
 * reason, one sentence says so and the process ends with 1, since what was asked for is nowhere.
 */
export function processTerminal(process: NodeJS.Process): ProcessTerminal {
  const { stdout } = process;
  const unread = new AbortController();
  const errors = new Output(process.stderr);
  const say = (sentence: string): void => errors.write(`rankctl: ${printable(sentence)}\n`);
  const output = new Output(stdout, error => {
    unread.abort();
    if (error.code === 'EPIPE') return;
    say(`cannot write to standard output: ${formatSystemError(error)}; direct it elsewhere`);
    // The verb has its own code, and sets it later.
    process.once('exit', () => (process.exitCode = 1));
  });
  // Node heeds NO_COLOR and TERM=dumb in this.
  const hasColours = stdout.isTTY && stdout.hasColors();
  return {
    isInteractive: stdout.isTTY,
    get columns() {
      return stdout.isTTY ? stdout.columns : Number.POSITIVE_INFINITY;
    },
    get rows() {
      return stdout.isTTY ? stdout.rows : Number.POSITIVE_INFINITY;
    },
    unread: unread.signal,
    write: text => output.write(`${text}\n`),
    writeOut: text => output.write(text),
    say,
    writeErr: text => errors.write(text),
    paint: hasColours ? painted : unpainted,
  };
}
