import { describe, expect, it } from '@jest/globals';
import { findFates, findViolations, readTenures } from '../../src/program-faults/trace.js';

/** Returns the violations of programs that wrote these lines. */
const check = (...lines: readonly string[]): readonly string[] => findViolations(readTenures(`${lines.join('\n')}\n`));

describe('the trace of programs', () => {
  it('allows one program after the other', () => {
    expect(check('1 7-1 100', '1 7-1 200', '2 7-3 201', '2 7-3 300', '3 8-1 301')).toEqual([]);
  });

  it('finds a program that began before an earlier one had ended, in any order of the lines', () => {
    expect(check('1 7-1 100', '2 7-3 150', '1 7-1 1000200')).toEqual([
      'process 2 began 1.0 ms before the last line of process 1',
    ]);
    expect(check('2 7-3 150', '1 7-1 100', '1 7-1 150')).toHaveLength(1);
  });

  it('finds a program that outlived its successor', () => {
    expect(check('1 7-1 100', '1 7-1 900', '2 7-2 300', '2 7-2 400', '3 7-3 800')).toHaveLength(2);
  });

  it('finds an older fence, and ignores a line that was cut off', () => {
    expect(check('1 7-3 100', '2 7-2 200', '3 6-9')).toEqual([
      'process 2 has the fence 7-2, which is older than 7-3 of 1',
    ]);
  });
});

describe('how long programs lived on after their rankctl was killed', () => {
  const ms = 1_000_000;
  const trace = (...lines: readonly (readonly [pid: number, atMs: number])[]): string =>
    lines.map(([pid, atMs]) => `${pid} 7-${pid} ${atMs * ms}\n`).join('');
  const fates = (text: string, ...killsMs: readonly number[]): readonly number[] => {
    const killsNs = killsMs.map(atMs => BigInt(atMs * ms));
    return findFates(readTenures(text), killsNs);
  };

  it('is the time from the kill to the last line, or 0 after the last line', () => {
    expect(fates(trace([1, 100], [1, 130], [2, 400], [2, 450]), 110, 453)).toEqual([20, 0]);
  });

  it('counts a program once, and one that was not writing not at all', () => {
    expect(fates(trace([1, 100], [1, 130], [2, 400]), 110, 120)).toEqual([20]);
    expect(fates(trace([1, 100], [1, 130], [2, 400]), 90, 231)).toEqual([]);
  });
});
