import type { Reporter } from './reporter.js';

const barWidth = 24;

/** What a reporter needs of standard error. */
interface TerminalOutput {
  readonly isTTY: boolean;
  readonly columns: number;
  write(text: string): unknown;
}

/**
 * Sentences on standard error, where a bar shows how far the run is; standard output is for the results. `shown` makes a sentence
 * that may quote a server fit for a terminal.
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

/** `[######------] 12/24` */
export function progressBar(done: number, total: number): string {
  const filled = total === 0 ? barWidth : Math.round((done / total) * barWidth);
  return `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}] ${done}/${total}`;
}
