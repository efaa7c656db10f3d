import { styleText } from 'node:util';

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
  /** Aborted once nobody reads standard output any more. */
  readonly unread: AbortSignal;
  /** Results, on standard output. */
  readonly write: (text: string) => void;
  /** What is said besides, on standard error. */
  readonly say: (sentence: string) => void;
}

export type Paint = (style: Style, text: string) => string;

export const unpainted: Paint = (_style, text) => text;
export const painted: Paint = (style, text) => styleText(style, text, { validateStream: false });

/** Of this process. A reader that goes, such as `head`, ends nothing by itself. */
export function processTerminal({ stdout, stderr }: Pick<NodeJS.Process, 'stdout' | 'stderr'>): Terminal {
  const unread = new AbortController();
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    unread.abort();
  });
  stderr.on('error', () => undefined);
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
    write: text => {
      if (!unread.signal.aborted) stdout.write(`${text}\n`);
    },
    say: sentence => void stderr.write(`rankctl: ${sentence}\n`),
    paint: hasColours ? painted : unpainted,
  };
}
