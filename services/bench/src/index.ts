/** The package `@rankd/bench`, which rankctl imports. */

export { benchTarget, type TargetReport, type TargetSettings } from './target/bench-target.js';
export { BenchError } from './servers/child.js';
export { benchCommand, type CommandSurroundings } from './command.js';
export { documentedDefaults, type DocumentedDefault } from './report/documented-defaults.js';
export type { Dial } from './node-load/dial.js';
export type { MetricTarget as Figure, JudgedTarget as JudgedFigure, Judgement, Verdict } from './rows/metric-target.js';
export { parseBenchArguments, UsageError, type BenchOptions } from './options.js';
export { numberText } from './report/number-text.js';
export { serverIn, startOwnServer, type OwnServer } from './servers/own-server.js';
export { renderPage } from './report/report-page.js';
export type { BenchReport, ProbeReport, RowReport } from './report/report.js';
export type { Reporter } from './report/reporter.js';
export { renderTable } from './report/result-table.js';
export { rowIds, type RowId } from './rows/row.js';
export { runBench, type BenchSettings } from './rows/run-bench.js';
export { median, spreadOf, type Spread } from './rows/statistics.js';
export type { Target } from './target/target.js';
export { createTerminalReporter } from './report/terminal-reporter.js';
