/** Records what the library throws by `process.nextTick`. In a test such an error would end the process. */

import { jest } from '@jest/globals';

/** Returns the list of errors. They are recorded in place of being thrown, until `jest.restoreAllMocks`. */
export function recordRethrown(): unknown[] {
  const errors: unknown[] = [];
  const nextTick = process.nextTick.bind(process);
  jest.spyOn(process, 'nextTick').mockImplementation((run, ...args: unknown[]) => {
    nextTick(() => {
      try {
        (run as (...all: unknown[]) => void)(...args);
      } catch (error) {
        errors.push(error);
      }
    });
  });
  return errors;
}
