/** Reports the progress of a run on a terminal. */

import type { Reporter } from './reporter.js';

const barWidth = 24;

/** The part of standard error that the reporter uses. */
interface TerminalOutput {
  readonly isTTY: boolean;
  readonly columns: number;
  write(text: string): unknown;
}

/**
 * Returns a reporter that writes sentences and a progress bar to standard error. Standard output is for the results.
 * @param shown escapes control characters in a sentence that may quote a server
 */
export function createTerminalReporter(
  stream: TerminalOutput,
  shown: (sentence: string) => string = sentence => sentence,
): Reporter {
  const wipe = (): void => {
    if (stream.isTTY) stream.write('\r\x1b[K');
  };
  return {
    note: sentence => {
      wipe();
      stream.write(`rankd: ${shown(sentence)}\n`);
    },
    progress: (done, total, what) => {
      if (!stream.isTTY) return;
      wipe();
      if (done < total) stream.write(`${progressBar(done, total)} ${what}`.slice(0, stream.columns - 1));
    },
    row: ({ id, probes }) => {
      wipe();
      const faults = probes.flatMap(({ key, faults }) => faults.map(fault => `; ${key}: ${fault}`));
      stream.write(`rankd: ${shown(`measured ${id}${faults.join('')}`)}\n`);
    },
  };
}

/** Returns a bar such as `[######------] 12/24`. */
export function progressBar(done: number, total: number): string {
  const filled = total === 0 ? barWidth : Math.round((done / total) * barWidth);
  return `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}] ${done}/${total}`;
}
