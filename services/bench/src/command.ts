/** The benchmark as a command. */

import { writeFile } from 'node:fs/promises';
import { BenchError } from './servers/child.js';
import { runClusterBench, type ClusterReport } from './cluster/cluster-bench.js';
import { renderClusterTable } from './cluster/cluster-table.js';
import { parseBenchArguments, usage, UsageError, type BenchOptions } from './options.js';
import type { BenchReport } from './report/report.js';
import { coreSentence, renderTable } from './report/result-table.js';
import { runBench, type BenchSettings } from './rows/run-bench.js';
import { createTerminalReporter } from './report/terminal-reporter.js';

/** The functions and values that the command gets from its caller. */
export interface CommandSurroundings {
  /** The root directory of the checkout whose built server is measured. */
  readonly repository: string;
  /** Writes docs/performance.md. Without it the page is not written. */
  readonly writePage?: (report: BenchReport) => Promise<void>;
  /** Writes the figures of docs/scaling.md. Without it they are not written. */
  readonly writeClusterFigures?: (markdown: string) => Promise<void>;
}

/** Runs the benchmark for these arguments. Returns the exit code: 0 done, 1 not done, 2 usage, 130 interrupted. */
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

async function measure(options: BenchOptions, surroundings: CommandSurroundings): Promise<number> {
  const interrupt = new AbortController();
  const { signal } = interrupt;
  const stop = (): void => interrupt.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, stop);
  try {
    const settings = { ...options, repository: surroundings.repository, signal };
    if (options.subject === 'cluster') await measureCluster(settings, surroundings);
    else await measureServer(settings, surroundings);
    return 0;
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    process.stderr.write(`rankd: ${error.message}\n`);
    return signal.aborted ? 130 : 1;
  } finally {
    for (const name of signals) process.off(name, stop);
  }
}

async function measureServer(settings: BenchSettings, { writePage }: CommandSurroundings): Promise<void> {
  const report = await runBench(settings, createTerminalReporter(process.stderr));
  process.stdout.write(`${renderTable(report.rows, report)}\n`);
  for (const rates of report.core) process.stdout.write(`${coreSentence(rates)}\n`);
  await finish(report, settings);
  if (settings.writesDocs) await writePage?.(report);
}

async function measureCluster(settings: BenchSettings, { writeClusterFigures }: CommandSurroundings): Promise<void> {
  const report = await runClusterBench(settings, createTerminalReporter(process.stderr));
  const table = renderClusterTable(report);
  process.stdout.write(table);
  await finish(report, settings);
  if (settings.writesDocs) await writeClusterFigures?.(table);
}

async function finish(report: BenchReport | ClusterReport, { quick, out }: BenchSettings): Promise<void> {
  if (quick) process.stdout.write('A quick run shows only that the measurement works. Its numbers mean nothing.\n');
  if (out !== undefined) await writeFile(out, `${JSON.stringify(report, undefined, 2)}\n`);
}
