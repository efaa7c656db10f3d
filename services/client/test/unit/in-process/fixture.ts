/** Deadlines and helpers for tests on the in-process fleet. */

import { expect, it as jestIt, jest } from '@jest/globals';
import type { Membership, ServerUrls } from '@rankd/client';
import { joinWith } from '@rankd/client/internal';
import { TIMINGS } from '@rankd/testkit';
import type { InProcessFleet } from '@rankd/testkit/in-process';

/** Ten times the expected duration, ms, by the manual clock. */
export const DEADLINE_MS = 10_000;

// This limit is in real time. It matters only if a test hangs.
jest.setTimeout(30_000);

/** Returns the fields of a rejection with this code, for `toMatchObject`. */
export function codeOf(code: string): { readonly name: string; readonly code: string } {
  return { name: 'RankdError', code };
}

/** Returns the fields of a rejection with BAD_ARGUMENT whose message contains `text`, for `toMatchObject`. */
export function badArgument(text: string): object {
  return { ...codeOf('BAD_ARGUMENT'), message: expect.stringContaining(text) };
}

/** The settings of a server that keeps the seat of a member for 5 s. */
export const KEEPS_SEATS = { ...TIMINGS.patient, RANKD_GRACE_MS: '5000', RANKD_GRACE_LEADER_MS: '5000' };

/** Starts a server that requires the token `open`, or `admin` of an administrator, and joins a first member. */
export async function startWithTokens(fleet: InProcessFleet): Promise<{ port: number; ann: Membership }> {
  const tokens = { RANKD_ADMIN_TOKEN: 'admin', RANKD_TOKEN: 'open' };
  const { port } = await fleet.server({ ...TIMINGS.patient, ...tokens });
  return { port, ann: await fleet.join(port, { token: 'open' }) };
}

/** Joins from a new process as JavaScript does, without types. */
export async function joinUntyped(
  fleet: InProcessFleet,
  port: number,
  urls: unknown,
  options?: unknown,
): Promise<Membership> {
  return await joinWith(fleet.process(port).environment, urls as ServerUrls, options as object);
}

interface TimedIt {
  (name: string, body: () => Promise<void>): void;
  each<Row extends [unknown, ...unknown[]]>(
    rows: readonly Row[],
  ): (name: string, body: (...row: Row) => Promise<void>) => void;
}

/** Jest's `it` for tests on the fleet's manual clock: time passes while the body of the test waits. */
export function timedIt({ time }: Pick<InProcessFleet, 'time'>): TimedIt {
  const timed = (name: string, body: () => Promise<void>): void => jestIt(name, () => time.elapse(body()));
  return Object.assign(timed, {
    each:
      <Row extends [unknown, ...unknown[]]>(rows: readonly Row[]) =>
      (name: string, body: (...row: Row) => Promise<void>): void =>
        jestIt.each(rows as Row[])(name, (...row) => time.elapse(body(...row))),
  });
}
