import { describe, expect, it } from '@jest/globals';
import { findViolations, readTenures } from '../../src/program-faults/trace.js';

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
