/** Functions of an application that fail, and records of their errors. */

import { jest } from '@jest/globals';
import type { ListenerError, Membership } from '@rankd/client';
import { TIMINGS } from '@rankd/testkit';

/** How long the server keeps the seat of a member that has lost its connection. */
export const GRACE_MS = 5000;

/** The settings of the server: a member keeps its seat while it reconnects, and an administrator may join. */
export const serverEnv = {
  ...TIMINGS.quick,
  RANKD_GRACE_MS: String(GRACE_MS),
  RANKD_GRACE_LEADER_MS: String(GRACE_MS),
  RANKD_ADMIN_TOKEN: 'admin',
  RANKD_TOKEN: 'open',
};

/** How a function of the application can fail: it throws, or its promise rejects. */
export const failures: readonly [string, (error: Error) => () => unknown][] = [
  [
    'throws',
    (error: Error) => () => {
      throw error;
    },
  ],
  ['rejects', (error: Error) => () => Promise.reject(error)],
];

/** Returns the list of the events `listenerError` of a member. */
export function recordErrors(me: Membership): ListenerError[] {
  const errors: ListenerError[] = [];
  me.on('listenerError', event => errors.push(event));
  return errors;
}

/**
 * Returns the list of errors that the library throws by `process.nextTick`. They are recorded in place of being thrown, until
 * `jest.restoreAllMocks`: in a test such an error would end the process.
 */
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
