/** RANKD_COMMANDS_PER_SECOND: the rate limit of one sender's commands. */

import type { Allowance } from '../roster/member.js';

/** Whether a command is within the limit, and what the limit allows after it. */
export interface RateVerdict {
  readonly isAllowed: boolean;
  readonly allowance: Allowance;
}

/**
 * Counts a command against RANKD_COMMANDS_PER_SECOND. A sender may send a burst of up to `perSecond` commands (token bucket of one second).
 * `before` is the allowance after the last command. `at` is in milliseconds since the hello of `session`, by the monotonic clock of its
 * server. Clocks of two servers cannot be compared, so a new session regains allowance only for the time since its hello. Without
 * `session`, `at` is a wall time.
 */
export function spendAllowance(
  before: Allowance | undefined,
  perSecond: number,
  { at, session }: Pick<Allowance, 'at' | 'session'>,
): RateVerdict {
  const { thousandths, ...last } = before ?? { thousandths: perSecond * 1000, at, session };
  const passedMs = last.session === session ? at - last.at : at;
  const left = Math.min(perSecond * 1000, thousandths + Math.max(0, passedMs) * perSecond);
  const isAllowed = left >= 1000;
  const rest = { thousandths: isAllowed ? left - 1000 : left, at };
  return { isAllowed, allowance: session === undefined ? rest : { ...rest, session } };
}
