/** How each target of a command ended, for `rankctl send` and `rankctl attach`. */

import type { CommandResult, Sheet, UnsentTarget } from '@rankd/client/observer';
import { errorCodes, limits, type ReceiptMessage } from '@rankd/protocol';

/** How one target of a command ended. */
export interface ReportLine {
  /** Undefined if the target is an id or a name that matches no member. */
  readonly rank: number | undefined;
  /** Undefined if the target is a rank or a name that matches no member. */
  readonly member: string | undefined;
  readonly name: string | undefined;
  /** The status of the protocol. `unsent`: the server did not deliver the command to it. */
  readonly status: CommandResult['status'] | 'unsent';
  readonly value: unknown;
  readonly code: string | undefined;
  /** Why it is not done, as text. */
  readonly why: string | undefined;
  readonly ms: number | undefined;
}

/** The messages about a command, after its end. There is no sheet if the server accepted the command for no member. */
export interface CommandReport {
  readonly receipt: ReceiptMessage;
  readonly results: readonly CommandResult[];
  readonly sheet: Sheet | undefined;
  /** The ranks that were targeted. Undefined: all members. */
  readonly ranks: readonly number[] | undefined;
}

/** Returns one line for each target, by rank. */
export function reportLines({ receipt, results, sheet, ranks }: CommandReport): ReportLine[] {
  const lines: ReportLine[] = [...results.map(lineOfResult), ...receipt.refused.map(lineOfRefused)];
  lines.push(...(receipt.unmatched ?? []).map(lineOfUnmatched));
  // The receipt lists at most 100 unmatched ranks.
  if (sheet !== undefined || receipt.code === 'NO_SUCH_TARGET') {
    const told = new Set(lines.map(({ rank }) => rank));
    lines.push(...(ranks ?? []).filter(rank => !told.has(rank)).map(lineOfUnmatched));
  }
  const placeOf = ({ rank }: ReportLine): number => rank ?? Number.MAX_SAFE_INTEGER;
  return lines.sort((one, other) => placeOf(one) - placeOf(other));
}

/** Returns a target that did not get the command as text: `ann (rank 0): OUTRANKED`. */
export function formatUnsent({ rank, member, name, code }: UnsentTarget): string {
  const known = name ?? member;
  if (known === undefined) return `rank ${rank ?? ''}: ${code}`;
  return `${known}${rank === undefined ? '' : ` (rank ${rank})`}: ${code}`;
}

/**
 * Returns a sentence if the server has reduced the deadline of a command (R-CMD-1). Undefined if it has not.
 * @param askedMs the deadline in the command; undefined: the default
 * @param appliedMs the deadline in the receipt
 */
export function reducedDeadline(
  askedMs: number = limits.deadlineMsDefault,
  appliedMs: number = askedMs,
): string | undefined {
  if (appliedMs >= askedMs) return undefined;
  return `the server reduced the deadline from ${askedMs} ms to ${appliedMs} ms, its limit (RANKD_DEADLINE_MAX_MS)`;
}

/** Returns whether there was a target, and every target is done. */
export function isAllDone({ receipt, sheet }: CommandReport, lines: readonly ReportLine[]): boolean {
  if (sheet?.all('done') !== true || sheet.recipients === 0) return false;
  return receipt.refusedCount === 0 && lines.every(({ status }) => status === 'done');
}

function lineOfResult({ from, status, value, error, ms }: CommandResult): ReportLine {
  const why = error?.message ?? (status === 'done' ? undefined : (reasons[status] ?? error?.code));
  return { ...from, status, value, code: error?.code, why, ms };
}

const reasons: Partial<Record<CommandResult['status'], string>> = {
  expired: 'no result before the deadline: the member may have executed it',
  left: 'the member left without a result: it may have executed it',
};

function lineOfRefused({ rank, member, name, code }: ReceiptMessage['refused'][number]): ReportLine {
  const { meaning } = Object.hasOwn(errorCodes, code) ? errorCodes[code as keyof typeof errorCodes] : { meaning: code };
  return { rank, member, name, status: 'unsent', value: undefined, code, why: meaning, ms: undefined };
}

function lineOfUnmatched(target: number | string): ReportLine {
  const [rank, name] = typeof target === 'number' ? [target, undefined] : [undefined, target];
  const why = rank === undefined ? 'no member has this id or name' : 'no member has this rank';
  const nothing = { member: undefined, value: undefined, ms: undefined };
  return { ...nothing, rank, name, status: 'unsent', code: 'NO_SUCH_TARGET', why };
}
