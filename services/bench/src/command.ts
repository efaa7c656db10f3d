import { writeFile } from 'node:fs/promises';
import { BenchError } from './child.js';
import { parseBenchArguments, usage, UsageError, type BenchOptions } from './options.js';
import type { BenchReport } from './report.js';
import { coreSentence, renderTable } from './result-table.js';
import { runBench } from './run-bench.js';
import { createTerminalReporter } from './terminal-reporter.js';

export interface CommandSurroundings {
  /** The checkout whose built server is measured. */
  readonly repository: string;
  /** Writes docs/performance.md and its plots; without it the page is left alone. */
  readonly writePage?: (report: BenchReport) => Promise<void>;
}

/** The benchmark as a command. Returns its exit code: 0 done, 1 not, 2 usage, 130 interrupted. */
export async function benchCommand(args: readonly string[], surroundings: CommandSurroundings): Promise<number> {
  try {
    const options = parseBenchArguments(args);
    if (options !== 'help') return await measure(options, surroundings);
    process.stdout.write(`${usage}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`rankd: ${error.message}\n\n${usage}\n`);
    return 2;
  }
}

async function measure(options: BenchOptions, { repository, writePage }: CommandSurroundings): Promise<number> {
  const interrupt = new AbortController();
  const { signal } = interrupt;
  const stop = (): void => interrupt.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, stop);
  try {
    const report = await runBench({ ...options, repository, signal }, createTerminalReporter(process.stderr));
    process.stdout.write(`${renderTable(report.rows, report)}\n`);
    for (const rates of report.core) process.stdout.write(`${coreSentence(rates)}\n`);
    if (options.quick)
      process.stdout.write('A quick run: that there are numbers is what it shows; what they are says nothing.\n');
    if (options.out !== undefined) await writeFile(options.out, `${JSON.stringify(report, undefined, 2)}\n`);
    if (options.writesDocs) await writePage?.(report);
    return 0;
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    process.stderr.write(`rankd: ${error.message}\n`);
    return signal.aborted ? 130 : 1;
  } finally {
    for (const name of signals) process.off(name, stop);
  }
}
