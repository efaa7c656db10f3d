/** The verb `send`. */

import type { Observer } from '@rankd/client/observer';
import {
  isAllDone,
  reducedDeadline,
  reportLines,
  type CommandReport,
  type ReportLine,
} from '../output/command-report.js';
import { open } from '../connection.js';
import type { NotDone } from '../errors.js';
import { emptyGroup } from '../output/empty-group.js';
import { textTable } from '../output/text-table.js';
import { collectReport, type Order, unknownOutcome } from '../sending/collect-report.js';
import { reportRow, reportTitles, targetText } from '../sending/report-table.js';
import { reportFailure, writeJson, type CommandContext, type ExitCode } from './command-context.js';

/** Sends a command as an administrator and prints how each recipient ended. */
export async function send(call: CommandContext, order: Order): Promise<ExitCode> {
  using observer = await open(call.connection);
  const answers = await collectReport(observer, order, call.connection);
  const lines = reportLines(answers);
  const isDone = isAllDone(answers, lines);
  const unknown = answers.lost === undefined ? undefined : unknownOutcome(order, answers, answers.lost);
  if (call.json) writeJson(call, reportJson(answers, lines, { isDone, unknown }));
  else if (lines.length > 0)
    call.terminal.write(textTable(reportTitles, lines.map(reportRow), call.terminal).join('\n'));
  const reduced = reducedDeadline(order.deadlineMs, answers.receipt.deadlineMs);
  if (reduced !== undefined) call.terminal.say(reduced);
  if (isDone) return 0;
  reportFailure(call, unknown?.message ?? whyNot(order, answers, lines, call.terminal.isInteractive));
  if (lines.every(({ code }) => code === 'NO_SUCH_TARGET') && (await isEmpty(observer))) {
    reportFailure(call, emptyGroup(call.connection.group));
  }
  return 1;
}

/** Whether the group has no members. The report has the failure already, so an error of this query does not count. */
async function isEmpty(observer: Observer): Promise<boolean> {
  const roster = await observer.roster().catch(() => undefined);
  return roster?.size === 0;
}

interface Verdict {
  readonly isDone: boolean;
  readonly unknown: NotDone | undefined;
}

function reportJson({ receipt, sheet }: CommandReport, lines: readonly ReportLine[], verdict: Verdict): object {
  const { isDone, unknown } = verdict;
  const { code = unknown?.code, seq, refusedCount, deadlineMs } = receipt;
  const { recipients = receipt.recipients ?? 0, ms } = sheet ?? {};
  const error = unknown === undefined ? {} : { error: { code: unknown.code, message: unknown.message } };
  return { done: isDone, code, seq, recipients, refusedCount, deadlineMs, ms, answers: lines, ...error };
}

const namedMax = 5;

/** Returns a sentence: `2 of 5 did not execute print: client-3 (rank 2): expired, …`. */
function whyNot({ name }: Order, { receipt }: CommandReport, lines: readonly ReportLine[], isShown: boolean): string {
  const missing = lines.filter(({ status }) => status !== 'done');
  const unnamed = receipt.refusedCount - receipt.refused.length;
  const [count, all] = [missing.length + unnamed, lines.length + unnamed];
  // On a terminal the reader has just seen the table with every reason.
  if (isShown) return `${count} of ${all} did not execute ${name}`;
  const named = missing
    .slice(0, namedMax)
    .map(({ rank, name, status, why }) => `${targetText({ rank, name })}: ${status}, ${why ?? ''}`);
  const more = count > named.length ? `; and ${count - named.length} more` : '';
  return `${count} of ${all} did not execute ${name}: ${named.join('; ')}${more}`;
}
