import type { RowReport } from './report.js';

/** Reports the progress of a run. */
export interface Reporter {
  /** Reports a sentence. */
  note(sentence: string): void;
  /** Reports, before each probe, how many are done and which one is next. */
  progress(done: number, total: number, what: string): void;
  /** Reports a finished row. */
  row(report: RowReport): void;
}
