import { expect } from '@jest/globals';

/** Like `expect(actual).toEqual(expected)`, but compares JSON first: property tests call this 100,000s of times. */
export function agree(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) expect(actual).toEqual(expected);
}
