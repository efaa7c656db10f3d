/** The terminal, pipe or file that rankctl writes to. */

import { styleText } from 'node:util';
import { printable } from '@rankd/protocol';
import { Output, OUTPUT_BYTES_MAX, formatSystemError } from './standard-output.js';
import { sizeOf } from './terminal-size.js';

/** The style of a text. */
export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red';

/** The properties of the output that text is made for. */
export interface Screen {
  /** The width in columns. Infinity if the output is not a terminal: nothing is cut. */
  readonly columns: number;
  /** Adds colours to a text. Returns the text unchanged if the output has no colours. */
  readonly paint: Paint;
}

/** The output of a verb. */
export interface Terminal extends Screen {
  readonly isInteractive: boolean;
  readonly rows: number;
  /** Aborted when standard output can no longer be written: its reader has closed it, or a write has failed. */
  readonly unread: AbortSignal;
  /** Aborts `unread` also when the reader of a pipe closes it while nothing is written. Call it before the first write. */
  readonly watchReaders: () => void;
  /** How much of standard output waits in memory because its reader is slow, bytes. */
  readonly waitingBytes: number;
  /** Calls `run` once, when no output waits any more. It is never called if the output fails first. */
  readonly afterDrain: (run: () => void) => void;
  /** Writes a result to standard output, unchanged. The caller escapes control characters in text from the network. */
  readonly write: (text: string) => void;
  /** Writes a line to standard error. Control characters are escaped. */
  readonly say: (sentence: string) => void;
}

/** The outputs for complete text: commander's help and usage errors. */
export interface ProcessTerminal extends Terminal {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

/** Adds a style to a text. */
export type Paint = (style: Style, text: string) => string;

/** Returns the text unchanged, for an output without colours. */
export const unpainted: Paint = (_style, text) => text;
/** Adds a style with escape sequences. */
export const painted: Paint = (style, text) => styleText(style, text, { validateStream: false });

/**
 * Returns the output of this process. If the reader of standard output closes it, as `head` does, the process continues. If a
 * write fails for another reason, a sentence on standard error reports it and the exit code is 1.
 */
export function processTerminal(process: NodeJS.Process): ProcessTerminal {
  const { stdout } = process;
  const unread = new AbortController();
  const errors = new Output(process.stderr);
  const say = (sentence: string): void => {
    // Without this limit, the lines about retries would fill the memory if no program reads standard error.
    if (errors.waitingBytes < OUTPUT_BYTES_MAX) errors.write(`rankctl: ${printable(sentence)}\n`);
  };
  const output = new Output(stdout, error => {
    unread.abort();
    if (error.code === 'EPIPE') return;
    say(`cannot write to standard output: ${formatSystemError(error)}; redirect it to another file`);
    // The verb sets its own exit code later, so this one is set at exit.
    process.once('exit', () => (process.exitCode = 1));
  });
  // Node reads NO_COLOR and TERM=dumb for this.
  const hasColours = stdout.isTTY && stdout.hasColors();
  return {
    isInteractive: stdout.isTTY,
    get columns() {
      return stdout.isTTY ? sizeOf(stdout).columns : Number.POSITIVE_INFINITY;
    },
    get rows() {
      return stdout.isTTY ? sizeOf(stdout).rows : Number.POSITIVE_INFINITY;
    },
    unread: unread.signal,
    watchReaders: () => output.watchReaders(),
    get waitingBytes() {
      return output.waitingBytes;
    },
    afterDrain: run => output.afterDrain(run),
    write: text => output.write(`${text}\n`),
    writeOut: text => output.write(text),
    say,
    writeErr: text => errors.write(text),
    paint: hasColours ? painted : unpainted,
  };
}
