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
import { parseRanks } from '../parse-ranks.js';
import type { Screen, Style } from '../output/terminal.js';
import { textTable } from '../output/text-table.js';
import { writeJson, type CommandContext, type ExitCode } from './command-context.js';

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
  if (call.json) writeJson(call, reportJson(answers, lines, isDone));
  else if (lines.length > 0) call.terminal.write(reportTable(lines, call.terminal).join('\n'));
  const reduced = reducedDeadline(order.deadlineMs, answers.receipt.deadlineMs);
  if (reduced !== undefined) call.terminal.say(reduced);
  if (!isDone) call.terminal.say(whyNot(order, answers, lines));
  return isDone ? 0 : 1;
}

async function sendAndCollect(
  { connection }: CommandContext,
  { name, argsJson, to, deadlineMs }: Order,
): Promise<CommandReport> {
  const ranks = to === 'all' ? undefined : parseRanks(to);
  using observer = await open(connection);
  const results: CommandResult[] = [];
  let receipt: ReceiptMessage | undefined;
  let sheet: Sheet | undefined;
  try {
    sheet = await observer.command({
      name,
      argsJson,
      to: ranks === undefined ? 'all' : { ranks },
      deadlineMs,
      onReceipt: given => (receipt = given),
      onResult: result => results.push(result),
    });
  } catch (error) {
    if (receipt === undefined || !(error instanceof RankdError)) throw error;
    // With these codes the receipt may list the targets, which are printed below.
    if (!['AWAY', 'NO_SUCH_TARGET'].includes(error.code)) throw refusalOf(error, name, connection);
  }
  if (receipt === undefined)
    throw new NotDone('OUTCOME_UNKNOWN', 'the server sent no receipt: the members may have executed the command');
  return { receipt, results, sheet, ranks };
}

/** The caller adds a hint about --token to FORBIDDEN. An error after an accepted receipt is no refusal. */
function refusalOf(error: RankdError, name: string, { group }: Connection): Error {
  if (error.code === 'FORBIDDEN' || error.code === 'OUTCOME_UNKNOWN') return error;
  const detail = error.code === 'NO_RECIPIENTS' ? `: group ${group} has no members` : '';
  return new NotDone(error.code, `${commandRefusal(error.code, name).reason}${detail}`);
}

function reportJson({ receipt, sheet }: CommandReport, lines: readonly ReportLine[], done: boolean): object {
  const { code, seq, refusedCount, deadlineMs } = receipt;
  const { recipients = 0, ms } = sheet ?? {};
  return { done, code, seq, recipients, refusedCount, deadlineMs, ms, answers: lines };
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
    why ?? (value === undefined ? '' : JSON.stringify(value)),
  ]);
  return textTable(['RANK', 'NAME', 'STATUS', 'AFTER', 'ANSWER'], rows, screen);
}

const namedMax = 5;

/** Returns a sentence: `2 of 5 did not execute print: client-3 (rank 2): expired, …`. */
function whyNot({ name }: Order, { receipt }: CommandReport, lines: readonly ReportLine[]): string {
  const missing = lines.filter(({ status }) => status !== 'done');
  const unnamed = receipt.refusedCount - receipt.refused.length;
  const [count, all] = [missing.length + unnamed, lines.length + unnamed];
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
