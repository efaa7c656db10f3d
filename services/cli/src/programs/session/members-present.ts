/** Waits until enough members are present (R-PROG-2, `--members`). */

import type { Membership } from '@rankd/client';
import { type Clock, systemEnvironment } from '@rankd/client/internal';
import { onAbort } from '@rankd/protocol';
import { exitCodes, ProgramEnd } from '../program-end.js';
import type { ProgramSession } from './program-session.js';
import { waitUntil } from './wait-for-event.js';

/** How long to wait before the server is asked again while members are away, ms. It answers 10 queries in a second. */
const ASK_EVERY_MS = 500;

/** The shortest time between two log lines about the members that are missing, ms. */
const REPORT_MIN_MS = 1000;

/** The time between two log lines while no member joins or leaves, ms. */
const REPORT_EVERY_MS = 5000;

/** How much before its time a line may be written, ms: a timer of Node may fire a little early. */
const EARLY_MS = 100;

/** How many members to wait for. */
export interface MembersWanted {
  readonly members: number;
  /** How long to wait, ms. Undefined: without limit. */
  readonly membersTimeoutMs: number | undefined;
}

/** The member that waits. */
type WaitingMember = Pick<ProgramSession, 'me' | 'log' | 'ending'>;

/**
 * Resolves when this many members have been present at the same time, or when rankctl ends. Members that are away do not count. Logs how
 * many members are present at the start, after each change and every 5 s.
 * @throws ProgramEnd 75 after the timeout
 */
export async function waitForMembers(
  { me, log, ending }: WaitingMember,
  { members, membersTimeoutMs: timeoutMs }: MembersWanted,
  clock: Clock = systemEnvironment.clock,
): Promise<void> {
  // This member is present.
  if (members <= 1) return;
  const over = new AbortController();
  const removeListener = onAbort(ending.signal, () => over.abort());
  const timer = timeoutMs === undefined ? undefined : clock.after(timeoutMs, () => over.abort());
  const report = new MembersReport(log, members, clock);
  try {
    let last: number | undefined;
    while (!over.signal.aborted) {
      const { size } = me;
      const present = await countPresent(me, over.signal);
      if (present !== undefined) {
        if (present >= members) return;
        report.update(present);
        last = present;
      }
      await waitForChange({ me, size, members }, over.signal, clock);
    }
    if (ending.signal.aborted) return;
    const seconds = (timeoutMs ?? 0) / 1000;
    throw new ProgramEnd(
      exitCodes.noSeat,
      `${last ?? me.size ?? 0} of ${members} members were present after ${seconds} s`,
    );
  } finally {
    removeListener();
    timer?.cancel();
  }
}

/**
 * Resolves when the group has `members` members, at the latest when the next line is due. If the group has that many already, some members
 * are away, and no event reports when they come back. The function then resolves after ASK_EVERY_MS.
 */
async function waitForChange(
  { me, size, members }: { readonly me: Membership; readonly size: number | undefined; readonly members: number },
  over: AbortSignal,
  clock: Clock,
): Promise<void> {
  const isFull = (): boolean => (me.size ?? 0) >= members;
  if ((size ?? 0) >= members) {
    await waitAtMost(ASK_EVERY_MS, { me, condition: () => false, over, clock });
    return;
  }
  await waitAtMost(REPORT_MIN_MS, { me, condition: isFull, over, clock });
  const condition = (): boolean => isFull() || me.size !== size;
  await waitAtMost(REPORT_EVERY_MS - REPORT_MIN_MS, { me, condition, over, clock });
}

interface Wait {
  readonly me: Membership;
  readonly condition: () => boolean;
  readonly over: AbortSignal;
  readonly clock: Clock;
}

/** Resolves as soon as `condition` is true, when `over` is aborted, or after `ms`. */
async function waitAtMost(ms: number, { me, condition, over, clock }: Wait): Promise<void> {
  const ended = new AbortController();
  const timer = clock.after(ms, () => ended.abort());
  const removeListener = onAbort(over, () => ended.abort());
  await waitUntil(me, condition, ended.signal);
  timer.cancel();
  removeListener();
}

/** Returns how many members are present. Undefined if the server does not answer: the query is repeated. */
async function countPresent(me: Membership, over: AbortSignal): Promise<number | undefined> {
  const answer = me.roster().then(
    ({ members }) => members.filter(({ state }) => state === 'present').length,
    // The query fails if the session ends or after too many queries.
    () => undefined,
  );
  return await new Promise(resolve => {
    const removeListener = onAbort(over, () => resolve(undefined));
    void answer.then(count => {
      removeListener();
      resolve(count);
    });
  });
}

/** Logs how many members are present, for the people who wonder why the program does not start. */
class MembersReport {
  readonly #log: WaitingMember['log'];
  readonly #members: number;
  readonly #clock: Clock;
  #last: { readonly present: number; readonly atMs: number } | undefined;

  constructor(log: WaitingMember['log'], members: number, clock: Clock) {
    this.#log = log;
    this.#members = members;
    this.#clock = clock;
  }

  update(present: number): void {
    const nowMs = this.#clock.nowMs();
    const dueMs = present === this.#last?.present ? REPORT_EVERY_MS : REPORT_MIN_MS;
    if (this.#last !== undefined && nowMs - this.#last.atMs < dueMs - EARLY_MS) return;
    this.#last = { present, atMs: nowMs };
    const sentence = `waiting for ${this.#members} members, ${present} ${present === 1 ? 'is' : 'are'} here`;
    this.#log.info('members-missing', sentence, { present, members: this.#members });
  }
}
