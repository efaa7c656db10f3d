import { describe, expect, it } from '@jest/globals';
import { errorCodes, explain, type ErrorCode, type ErrorEntry, type ErrorPlace } from '@rankd/protocol';

/** The codes with `retry` in R-BYE-1. */
const RETRY = 'FULL HELLO_TIMEOUT HEARTBEAT_TIMEOUT SLOW_CONSUMER RATE_LIMITED DRAINING UNAVAILABLE'.split(' ');
const NO_RETRY =
  'UNAUTHORIZED UNSUPPORTED HELLO_EXPECTED FRAME_TOO_LARGE BAD_FRAME BAD_MESSAGE REPLACED REMOVED LEFT'.split(' ');
/** The codes of a receipt in R-CMD-3 and R-ADMIN-1. */
const RECEIPT =
  'OUTRANKED AWAY NO_SUCH_TARGET NO_RECIPIENTS DUPLICATE_ID TOO_MANY_OPEN RATE_LIMITED PAYLOAD_TOO_LARGE DRAINING NOT_A_MEMBER FORBIDDEN';

const table: Record<string, ErrorEntry> = errorCodes;

const codesOn = (place: ErrorPlace): string[] =>
  Object.keys(table)
    .filter(code => table[code]?.on.includes(place))
    .sort();

describe('error codes', () => {
  it.each(RETRY)('R-BYE-1 allow a retry after %s', code => {
    expect(table[code]).toMatchObject({ retry: true, on: expect.arrayContaining(['bye']) });
  });

  it.each(NO_RETRY)('R-BYE-1 do not allow a retry after %s', code => {
    expect(table[code]).toMatchObject({ retry: false, on: expect.arrayContaining(['bye']) });
  });

  it.each<[string, ErrorPlace, string[]]>([
    ['R-BYE-1', 'bye', [...RETRY, ...NO_RETRY]],
    ['R-CMD-3', 'receipt', RECEIPT.split(' ')],
    ['R-CMD-2', 'refused', ['OUTRANKED', 'AWAY']],
  ])('%s lists exactly the codes of the table for %s', (_rule, place, codes) => {
    const own = codesOn(place).filter(code => place !== 'refused' || code !== 'DEADLINE_PASSED');
    expect(own).toEqual([...codes].sort());
  });

  it('R-CMD-5 R-ASK-1 include the codes of an error frame', () => {
    expect(codesOn('error')).toEqual(expect.arrayContaining(['LATE_RESULT', 'RATE_LIMITED', 'UNEXPECTED_RESULT']));
  });

  it.each(Object.entries(table))('R-BYE-1 have sentences for people for %s', (code, { on, meaning, remedy }) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(on.length).toBeGreaterThan(0);
    for (const sentence of [meaning, remedy ?? meaning]) expect(sentence).toMatch(/^\S.*[^.\s]$/);
  });

  it('R-FRAME-4 are not longer than the limit of a code', () => {
    for (const code of Object.keys(table)) expect(code.length).toBeLessThanOrEqual(64);
  });

  it('R-BYE-1 have a text with what happened, the value, and what to do', () => {
    const { meaning, remedy } = errorCodes.FULL;
    expect(explain('LEFT')).toBe(errorCodes.LEFT.meaning);
    expect(explain('LATE_RESULT', 'seq 7')).toBe(`${errorCodes.LATE_RESULT.meaning} (seq 7)`);
    expect(explain('FULL')).toBe(`${meaning}: ${remedy}`);
    expect(explain('FULL', 'group default has 3 of 3 members')).toBe(
      `${meaning} (group default has 3 of 3 members): ${remedy}`,
    );
    for (const code of Object.keys(table)) expect(explain(code as ErrorCode)).not.toContain('undefined');
  });
});
