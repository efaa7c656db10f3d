/** Waits for events in real time. */

import { realTime } from './test-time.js';

/** `TestTime.within` in real time. A test waits for an event with a deadline instead of sleeping. */
export async function within<T>(deadlineMs: number, what: string, event: Promise<T>): Promise<T> {
  return await realTime.within(deadlineMs, what, event);
}

/** `TestTime.eventually` in real time. */
export async function eventually<T>(
  deadlineMs: number,
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  return await realTime.eventually(deadlineMs, what, probe);
}
