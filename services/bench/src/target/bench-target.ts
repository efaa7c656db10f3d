/** Measures one running server, for `rankctl bench`. */

import { BenchError } from '../servers/child.js';
import { describeMachine, type Machine } from '../machine/machine.js';
import { NodeMember } from '../node-load/node-member.js';
import type { RowReport } from '../report/report.js';
import type { Reporter } from '../report/reporter.js';
import { runRow } from '../rows/row-run.js';
import type { Target } from './target.js';
import { targetProber } from './target-prober.js';
import { targetRows, targetScales } from './target-rows.js';

const probeDeadlineMs = 60_000;

/** The options of a run. */
export interface TargetSettings {
  /** Measures small sizes once. This shows only that the measurements work. */
  readonly quick: boolean;
  /** The largest number of members. The server may admit fewer. */
  readonly members: number;
  /** If it is aborted, the run rejects before its next measurement. */
  readonly signal?: AbortSignal;
}

/** The result of a run. */
export interface TargetReport {
  /** When the run started, as ISO 8601. */
  readonly at: string;
  readonly quick: boolean;
  readonly repeats: number;
  readonly seconds: number;
  readonly where: string;
  readonly members: number;
  /** The server's `deadMs`: how long a member must be silent until the server ends its session, ms. */
  readonly deadMs: number;
  readonly machine: Machine;
  readonly rows: readonly RowReport[];
}

/**
 * Measures a running server in a group of its own.
 * @throws BenchError if the server admits no member, or if the run is aborted
 */
export async function benchTarget(target: Target, settings: TargetSettings, reporter: Reporter): Promise<TargetReport> {
  const { quick, signal } = settings;
  const begunMs = performance.now();
  const at = new Date().toISOString();
  const { membersMax, deadMs } = await look(target);
  const members = Math.min(settings.members, membersMax);
  const repeats = quick ? 1 : 3;
  const rows = targetRows({ members, ...targetScales[quick ? 'quick' : 'full'] });
  // A measurement that waits for a timeout has the same result each time.
  const repeatsOf = (id: string): number => (id === 'silence' ? 1 : repeats);
  const total = rows.reduce((sum, { id }) => sum + repeatsOf(id), 0);
  const prober = targetProber(target);
  const reports: RowReport[] = [];
  let done = 0;
  for (const row of rows) {
    const options = {
      repeats: repeatsOf(row.id),
      probeDeadlineMs,
      onProbe: () => reporter.progress(done++, total, row.work),
      isOutOfTime: () => signal?.aborted === true,
    };
    const report = await runRow(prober, row, options);
    if (signal?.aborted === true) throw new BenchError('interrupted');
    reports.push(report);
    reporter.row(report);
  }
  reporter.progress(total, total, 'done');
  const seconds = Math.round((performance.now() - begunMs) / 1000);
  const machine = describeMachine('.', process.version);
  return { at, quick, repeats, seconds, where: target.where, members, deadMs, machine, rows: reports };
}

interface Limits {
  readonly membersMax: number;
  readonly deadMs: number;
}

async function look(target: Target): Promise<Limits> {
  const visitor = await NodeMember.join(target);
  visitor.end();
  const { membersMax, deadMs } = visitor.welcome as unknown as Limits;
  if (membersMax < 2) throw new BenchError('the server accepts only one member: raise RANKD_MEMBERS_MAX to measure');
  return { membersMax, deadMs };
}
