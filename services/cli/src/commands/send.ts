/** The verb `send`. */

import { RankdError, type CommandResult, type Sheet } from '@rankd/client/observer';
import { commandRefusal, type ReceiptMessage } from '@rankd/protocol';
import {
  isAllDone,
  reducedDeadline,
  reportLines,
  type CommandReport,
  type ReportLine,
} from '../output/command-report.js';
import { open, type Connection } from '../connection.js';
import { NotDone } from '../errors.js';
import { printableJson, RawJson, rawJson } from '../output/json-output.js';
import { parseRanks } from '../parse-ranks.js';
import type { Screen, Style } from '../output/terminal.js';
import { textTable } from '../output/text-table.js';
import { reportFailure, writeJson, type CommandContext, type ExitCode } from './command-context.js';

/** A command that an administrator sends. */
export interface Order {
  readonly name: string;
  readonly argsJson: string | undefined;
  /** `all`, or ranks such as `1,3-5`. */
  readonly to: string;
  readonly deadlineMs: number | undefined;
}

/** Sends a command as an administrator and prints how each recipient ended. */
export async function send(call: CommandContext, order: Order): Promise<ExitCode> {
  const answers = await sendAndCollect(call, order);
  const lines = reportLines(answers);
  const isDone = isAllDone(answers, lines);
  const unknown = answers.lost === undefined ? undefined : unknownOutcome(order, answers, answers.lost);
  if (call.json) writeJson(call, reportJson(answers, lines, { isDone, unknown }));
  else if (lines.length > 0) call.terminal.write(reportTable(lines, call.terminal).join('\n'));
  const reduced = reducedDeadline(order.deadlineMs, answers.receipt.deadlineMs);
  if (reduced !== undefined) call.terminal.say(reduced);
  if (!isDone) reportFailure(call, unknown?.message ?? whyNot(order, answers, lines, call.terminal.isInteractive));
  return isDone ? 0 : 1;
}

/** The messages that have arrived about a command. */
interface CollectedReport extends CommandReport {
  /** Set if the session has ended after the receipt and before the outcome. */
  readonly lost: RankdError | undefined;
}

async function sendAndCollect(
  { connection }: CommandContext,
  { name, argsJson, to, deadlineMs }: Order,
): Promise<CollectedReport> {
  const ranks = to === 'all' ? undefined : parseRanks(to);
  using observer = await open(connection);
  const results: CommandResult[] = [];
  let receipt: ReceiptMessage | undefined;
  let sheet: Sheet | undefined;
  let lost: RankdError | undefined;
  try {
    sheet = await observer.command({
      name,
      argsJson,
      to: ranks === undefined ? 'all' : { ranks },
      deadlineMs,
      onReceipt: given => (receipt = given),
      onResult: (result, valueJson) => results.push({ ...result, value: rawJson(valueJson) }),
    });
  } catch (error) {
    if (receipt === undefined || !(error instanceof RankdError)) throw error;
    if (error.code === 'OUTCOME_UNKNOWN') lost = error;
    // With these codes the receipt may list the targets, which are printed below.
    else if (!['AWAY', 'NO_SUCH_TARGET'].includes(error.code)) throw refusalOf(error, name, connection);
  }
  if (receipt === undefined)
    throw new NotDone('OUTCOME_UNKNOWN', 'the server sent no receipt: the members may have executed the command');
  return { receipt, results, sheet, ranks, lost };
}

/** The caller adds a hint about --token to FORBIDDEN. */
function refusalOf(error: RankdError, name: string, { group }: Connection): Error {
  if (error.code === 'FORBIDDEN') return error;
  const detail = error.code === 'NO_RECIPIENTS' ? `: group ${group} has no members` : '';
  return new NotDone(error.code, `${commandRefusal(error.code, name).reason}${detail}`);
}

/** Returns the outcome as far as it is known. The recipients without a result may have executed the command, so nothing advises to repeat it. */
function unknownOutcome({ name }: Order, { receipt, results }: CommandReport, { code, message }: RankdError): NotDone {
  const recipients = receipt.recipients ?? results.length;
  const known = `${results.length} of ${recipients} had answered`;
  return new NotDone(code, `the outcome of ${name} is unknown, ${known}: ${message}`);
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

const styles: Readonly<Record<ReportLine['status'], Style>> = {
  done: 'green',
  failed: 'red',
  refused: 'red',
  expired: 'yellow',
  left: 'yellow',
  unsent: 'red',
};

function reportTable(lines: readonly ReportLine[], screen: Screen): string[] {
  const rows = lines.map(({ rank, name, status, value, why, ms }) => [
    rank === undefined ? '-' : String(rank),
    name ?? '-',
    { text: status, style: styles[status] },
    ms === undefined ? '-' : `${ms} ms`,
    why ?? (value instanceof RawJson ? printableJson(value.text) : ''),
  ]);
  return textTable(['RANK', 'NAME', 'STATUS', 'AFTER', 'ANSWER'], rows, screen);
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
    .map(({ rank, name, status, why }) => `${targetText(rank, name)}: ${status}, ${why ?? ''}`);
  const more = count > named.length ? `; and ${count - named.length} more` : '';
  return `${count} of ${all} did not execute ${name}: ${named.join('; ')}${more}`;
}

function targetText(rank: number | undefined, name: string | undefined): string {
  if (name === undefined) return `rank ${rank ?? ''}`;
  return rank === undefined ? name : `${name} (rank ${rank})`;
}
