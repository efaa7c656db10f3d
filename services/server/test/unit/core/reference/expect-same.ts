import { expect } from '@jest/globals';

/** `expect(actual).toEqual(expected)`, for the hundred thousands of times that it holds: as JSON, which is much faster. */
export function agree(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) expect(actual).toEqual(expected);
}
