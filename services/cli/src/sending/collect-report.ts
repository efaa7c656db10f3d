/** Sends a command as an administrator and collects what the server reports about it. */

import { RankdError, type CommandResult, type Observer, type Sheet } from '@rankd/client/observer';
import { commandRefusal, type ReceiptMessage, type Target } from '@rankd/protocol';
import type { Connection } from '../connection.js';
import { NotDone } from '../errors.js';
import type { CommandReport } from '../output/command-report.js';
import { emptyGroup } from '../output/empty-group.js';
import { rawJson } from '../output/json-output.js';

/** A command that an administrator sends. */
export interface Order {
  readonly name: string;
  readonly argsJson: string | undefined;
  readonly to: Target;
  readonly deadlineMs: number | undefined;
}

/** The messages that have arrived about a command. */
export interface CollectedReport extends CommandReport {
  /** Set if the session has ended after the receipt and before the outcome. */
  readonly lost: RankdError | undefined;
}

/**
 * Sends a command on a session and resolves when every recipient has ended, or the session has.
 * @throws NotDone if the server accepts it for no member and lists no targets; RankdError
 */
export async function collectReport(
  observer: Observer,
  { name, argsJson, to, deadlineMs }: Order,
  { group }: Pick<Connection, 'group'>,
): Promise<CollectedReport> {
  const results: CommandResult[] = [];
  let receipt: ReceiptMessage | undefined;
  let sheet: Sheet | undefined;
  let lost: RankdError | undefined;
  try {
    sheet = await observer.command({
      name,
      argsJson,
      to,
      deadlineMs,
      onReceipt: given => (receipt = given),
      onResult: (result, valueJson) => results.push({ ...result, value: rawJson(valueJson) }),
    });
  } catch (error) {
    if (receipt === undefined || !(error instanceof RankdError)) throw error;
    if (error.code === 'OUTCOME_UNKNOWN') lost = error;
    // With these codes the receipt may list the targets, which the caller prints.
    else if (!['AWAY', 'NO_SUCH_TARGET'].includes(error.code)) throw refusalOf(error, { name, to, group });
  }
  if (receipt === undefined)
    throw new NotDone('OUTCOME_UNKNOWN', 'the server sent no receipt: the members may have executed the command');
  const ranks = typeof to === 'object' && 'ranks' in to ? to.ranks : undefined;
  return { receipt, results, sheet, ranks, lost };
}

interface Refused {
  readonly name: string;
  readonly to: Target;
  readonly group: string;
}

/** The caller adds a hint about --token to FORBIDDEN. */
function refusalOf(error: RankdError, { name, to, group }: Refused): Error {
  if (error.code === 'FORBIDDEN') return error;
  const detail = error.code === 'NO_RECIPIENTS' ? `: ${whoIsMissing(to, group)}` : '';
  return new NotDone(error.code, `${commandRefusal(error.code, name).reason}${detail}`);
}

function whoIsMissing(to: Target, group: string): string {
  if (typeof to === 'string' || !('tags' in to)) return emptyGroup(group);
  const tags = Object.entries(to.tags).map(([key, value]) => `${key}=${value}`);
  return `no member of group ${group} has the tag ${tags.join(' ')}`;
}

/**
 * Returns the outcome as far as it is known. The recipients without a result may have executed the command, so nothing advises to repeat
 * it.
 */
export function unknownOutcome(
  { name }: Pick<Order, 'name'>,
  { receipt, results }: CommandReport,
  { code, message }: RankdError,
): NotDone {
  const recipients = receipt.recipients ?? results.length;
  const known = `${results.length} of ${recipients} had answered`;
  return new NotDone(code, `the outcome of ${name} is unknown, ${known}: ${message}`);
}
