/** Sends commands from the client container, so that a new user sees commands and refusals in the logs. */

import { setTimeout as sleep } from 'node:timers/promises';
import { commandRefusal } from '@rankd/protocol';
import type { Logger } from '@rankd/startup';
import type { Membership } from '../membership.js';
import type { CommandOptions } from '../commands/command-sender.js';
import type { Sheet } from '../commands/sheet.js';
import { RankdError } from '../rankd-error.js';

/** The client sends one in this many commands to a superior, to show that the server refuses it. */
const UPWARD_EVERY = 4;

/**
 * Sends a command to all subordinates at an interval until `stop` is aborted. Some commands go to a superior instead.
 * @param everyMs the interval, ms
 */
export async function commandRegularly(
  membership: Membership,
  everyMs: number,
  logger: Logger,
  stop: AbortSignal,
): Promise<void> {
  // The first wait is random, because replicas that start together would otherwise all send at once.
  let waitMs = everyMs * (0.5 + Math.random());
  for (let n = 1; await hasWaited(waitMs, stop); n += 1) {
    waitMs = everyMs;
    const { rank, size } = membership;
    if (rank === undefined || size === undefined || size < 2) continue;
    // The last member has no subordinate, so it always sends to a superior. The leader has no superior.
    const upward = rank > 0 && (rank === size - 1 || n % UPWARD_EVERY === 0);
    await order(membership, upward ? { to: { ranks: [Math.floor(Math.random() * rank)] } } : {}, logger);
  }
}

/** Resolves with true after the wait, with false if `stop` is aborted first. */
async function hasWaited(waitMs: number, stop: AbortSignal): Promise<boolean> {
  await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined);
  return !stop.aborted;
}

async function order(membership: Membership, options: CommandOptions, logger: Logger): Promise<void> {
  const to = options.to ?? 'below';
  const aim = typeof to === 'object' && 'ranks' in to ? `rank ${to.ranks.join(', ')}` : 'all subordinates';
  const fields = { name: 'print', rank: membership.rank };
  logger.info({ event: 'command.sent', ...fields, to }, `sending the command print to ${aim}`);
  try {
    logOutcome(await membership.command('print', undefined, options), fields, logger);
  } catch (error) {
    if (!(error instanceof RankdError)) throw error;
    logger.info({ event: 'command.refused', ...fields, code: error.code }, formatRefusal(error, aim));
  }
}

function logOutcome(sheet: Sheet, fields: object, logger: Logger): void {
  const { seq, recipients, done, failed, refused, expired, left, unsentCount: unsent, deadlineMs, ms } = sheet;
  const counts = { recipients, done, failed, refused, expired, left, unsent };
  const codes = [...sheet.missing, ...sheet.unsent].flatMap(({ code }) => code ?? []);
  const why = codes.length === 0 ? '' : ` (${[...new Set(codes)].join(', ')})`;
  const rest = sheet.all('done') ? '' : `; ${recipients - done + unsent} did not${why}`;
  logger.info(
    { event: 'command.outcome', ...fields, seq, ...counts, deadlineMs, ms },
    `${done} of ${recipients} executed print #${seq} after ${ms} ms${rest}`,
  );
}

/** OUTCOME_UNKNOWN is not a refusal: the session ended first, and recipients may have executed the command. */
function formatRefusal({ code, message }: RankdError, aim: string): string {
  if (code === 'OUTCOME_UNKNOWN') return `the outcome of the command to ${aim} is unknown (${code}): ${message}`;
  const { kind, reason } = commandRefusal(code);
  return `the command to ${aim} ${kind === 'forbidden' ? 'was refused' : 'reached no member'} (${code}): ${reason}`;
}
