/** How each target of a command ended, for `rankctl send`. */

import type { CommandResult, Sheet } from '@rankd/client/observer';
import { errorCodes, type ReceiptMessage } from '@rankd/protocol';

/** How one target of a command ended. */
export interface ReportLine {
  readonly rank: number;
  /** Undefined if no member has that rank. */
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
  const lines = [...results.map(lineOfResult), ...receipt.refused.map(lineOfRefused)];
  if (sheet !== undefined || receipt.code === 'NO_SUCH_TARGET') {
    const told = new Set(lines.map(({ rank }) => rank));
    lines.push(...(ranks ?? []).filter(rank => !told.has(rank)).map(lineOfNobody));
  }
  return lines.sort((one, other) => one.rank - other.rank);
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

function lineOfNobody(rank: number): ReportLine {
  const why = 'no member has this rank';
  return {
    rank,
    member: undefined,
    name: undefined,
    status: 'unsent',
    value: undefined,
    code: 'NO_SUCH_TARGET',
    why,
    ms: undefined,
  };
}
