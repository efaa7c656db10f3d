import type { RowReport } from './report.js';

/** Hears how a run goes. */
export interface Reporter {
  /** A sentence for a person. */
  note(sentence: string): void;
  /** Before each probe: how many are done, and what comes. */
  progress(done: number, total: number, what: string): void;
  /** A row is finished. */
  row(report: RowReport): void;
}
