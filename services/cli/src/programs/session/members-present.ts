/** Waits until enough members are present (R-PROG-2, `--members`). */

import type { Membership } from '@rankd/client';
import { exitCodes, ProgramEnd } from '../program-end.js';
import { waitUntil } from './wait-for-event.js';

/** How long to wait before the server is asked again, ms. It answers 10 queries in a second. */
const ASK_EVERY_MS = 500;

/** How many members to wait for. */
export interface MembersWanted {
  readonly members: number;
  /** How long to wait, ms. Undefined: without limit. */
  readonly membersTimeoutMs: number | undefined;
}

/**
 * Resolves when this many members have been present at the same time, or when `signal` is aborted. Members that are away do not count.
 * @throws ProgramEnd 75 after the timeout
 */
export async function waitForMembers(me: Membership, wanted: MembersWanted, signal: AbortSignal): Promise<void> {
  const { members, membersTimeoutMs: timeoutMs } = wanted;
  // This member is present.
  if (members <= 1) return;
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const over = timeout === undefined ? signal : AbortSignal.any([signal, timeout]);
  let present = 0;
  while (await waitUntil(me, () => (me.size ?? 0) >= members, over)) {
    present = await countPresent(me);
    if (present >= members) return;
    await waitUntil(me, () => false, AbortSignal.any([over, AbortSignal.timeout(ASK_EVERY_MS)]));
  }
  if (signal.aborted) return;
  const seconds = (timeoutMs ?? 0) / 1000;
  const count = Math.max(present, me.size ?? 0);
  throw new ProgramEnd(exitCodes.noSeat, `${count} of ${members} members were present after ${seconds} s`);
}

async function countPresent(me: Membership): Promise<number> {
  // The query fails if the session ends or after too many queries. It is repeated.
  const roster = await me.roster().catch(() => undefined);
  return roster?.members.filter(({ state }) => state === 'present').length ?? 0;
}
