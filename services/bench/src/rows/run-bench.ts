/** Runs a benchmark. */

import { BenchError, Children } from '../servers/child.js';
import { coreSizes, measureCoreIn } from './core-rates.js';
import { chooseCores, pinSelf } from '../machine/cpu-pinning.js';
import { compileNative } from '../servers/load-generator.js';
import { describeMachine } from '../machine/machine.js';
import { findNode } from '../machine/node-binary.js';
import type { BenchOptions } from '../options.js';
import type { BenchReport, RowReport } from '../report/report.js';
import type { Reporter } from '../report/reporter.js';
import { rowIds, type Row } from './row.js';
import { poolProber } from '../node-load/pool-prober.js';
import { runRow, type RowRunOptions } from './row-run.js';
import { rowsAt } from './rows.js';
import { fullScale, quickScale } from './scale.js';
import { ServerPool } from '../servers/server-pool.js';
import { findTools, has, hintsFor, lookInSbin, type Tool } from '../servers/tools.js';
import { createScratch, type BenchContext } from '../bench-context.js';

/** How long a whole run may take, ms. A row that has not started before that is reported as not measured. */
const budgetMs = { quick: 45_000, full: 40 * 60_000 };
const probeDeadlineMs = { quick: 10_000, full: 90_000 };

/** The options of a run. */
export interface BenchSettings extends BenchOptions {
  /** The root directory of the checkout whose built server is measured. */
  readonly repository: string;
  /** If it is aborted, every started process is killed, and the run rejects. */
  readonly signal?: AbortSignal;
}

/**
 * Measures the built rankd and the other systems that are installed. If a row fails, the report has the reason.
 * @throws BenchError if nothing can be measured, or if the run is aborted
 */
export async function runBench(settings: BenchSettings, reporter: Reporter): Promise<BenchReport> {
  const { quick, repeats, repository, signal } = settings;
  const begunMs = performance.now();
  const at = new Date().toISOString();
  const children = new Children();
  signal?.addEventListener('abort', () => children.killAll());
  lookInSbin();
  const node = await findNode(children, settings.node);
  const machine = describeMachine(repository, node.version);
  await using scratch = await createScratch();
  const found = { children, tools: await findTools(children), node, repository, scratch: scratch.path };
  const tools = await compileNative(found, sentence => reporter.note(sentence));
  const cores = chooseCores(tools);
  const hows = { isPinned: cores.server !== undefined, loadFromNode: !has(tools, 'gcc') };
  noteShortcomings(tools, hows, reporter);
  const context: BenchContext = { ...found, tools, cores };
  const unpin = await pinSelf(cores);
  try {
    const rows = await runRows(context, settings, reporter, begunMs);
    if (signal?.aborted === true) throw new BenchError('interrupted');
    const seconds = Math.round((performance.now() - begunMs) / 1000);
    const isWhole = settings.rows.length === rowIds.length;
    const core = isWhole ? await measureCoreIn(context, quick ? [coreSizes[0]] : coreSizes) : [];
    return { at, quick, repeats, seconds, ...hows, machine, tools, rows, core };
  } finally {
    children.killAll();
    await unpin();
  }
}

function noteShortcomings(
  tools: readonly Tool[],
  { isPinned, loadFromNode }: Pick<BenchReport, 'isPinned' | 'loadFromNode'>,
  reporter: Reporter,
): void {
  hintsFor(tools).forEach(hint => reporter.note(hint));
  if (loadFromNode) reporter.note('the load comes from Node and is the bottleneck: the ratios are not valid');
  if (!isPinned) reporter.note('no process is pinned to a core: the ratios vary more');
}

async function runRows(
  context: BenchContext,
  { quick, rows: wanted, repeats }: BenchOptions,
  reporter: Reporter,
  begunMs: number,
): Promise<RowReport[]> {
  const rows = rowsAt(quick ? quickScale : fullScale).filter(({ id }) => wanted.some(name => name === id));
  const size = quick ? 'quick' : 'full';
  const total = rows.reduce((sum, { probes }) => sum + probes.length * repeats, 0);
  const pool = new ServerPool(context);
  const prober = poolProber(context, pool, { warms: !quick });
  const reports: RowReport[] = [];
  let done = 0;
  const rowOptions = (row: Row): RowRunOptions => ({
    repeats,
    probeDeadlineMs: probeDeadlineMs[size],
    onProbe: probe => reporter.progress(done++, total, `${row.id}: ${probe.key}`),
    isOutOfTime: () => performance.now() - begunMs > budgetMs[size],
  });
  for (const row of rows) {
    const report = await runRow(prober, row, rowOptions(row));
    // Each row starts with new servers if there is time, so that the row before does not affect it.
    if (!quick) await pool.dropAll();
    reports.push(report);
    reporter.row(report);
  }
  reporter.progress(total, total, 'done');
  await pool.dropAll();
  return reports;
}
