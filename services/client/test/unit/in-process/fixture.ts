import { it as jestIt, jest } from '@jest/globals';
import type { InProcessFleet } from '@rankd/testkit/in-process';

/** Ten times what is expected, by the manual clock. */
export const DEADLINE_MS = 10_000;

// Real time. It counts only if a test hangs.
jest.setTimeout(30_000);

/** What a rejection with this code looks like. */
export function codeOf(code: string): { readonly name: string; readonly code: string } {
  return { name: 'RankdError', code };
}

interface TimedIt {
  (name: string, body: () => Promise<void>): void;
  each<Row extends [unknown, ...unknown[]]>(
    rows: readonly Row[],
  ): (name: string, body: (...row: Row) => Promise<void>) => void;
}

/** Jest's `it` for tests on the fleet's manual clock: time passes whenever the test's body waits for anything. */
export function timedIt({ time }: Pick<InProcessFleet, 'time'>): TimedIt {
  const timed = (name: string, body: () => Promise<void>): void => jestIt(name, () => time.elapse(body()));
  return Object.assign(timed, {
    each:
      <Row extends [unknown, ...unknown[]]>(rows: readonly Row[]) =>
      (name: string, body: (...row: Row) => Promise<void>): void =>
        jestIt.each(rows as Row[])(name, (...row) => time.elapse(body(...row))),
  });
}
