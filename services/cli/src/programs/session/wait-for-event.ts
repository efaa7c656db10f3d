/** Waits for a change of a member. */

import type { Membership, MembershipEvents } from '@rankd/client';
import { onAbort } from '@rankd/protocol';

/** The events after which the fields of a member may differ. */
export const changeEvents = [
  'joined',
  'rank',
  'size',
  'acting',
  'suspended',
  'disconnected',
  'closed',
] as const satisfies readonly (keyof MembershipEvents)[];

/** Calls `run` after each change of the member. Returns a function that ends this. */
export function onChange(me: Membership, run: () => void): () => void {
  for (const event of changeEvents) me.on(event, run);
  return () => {
    for (const event of changeEvents) me.off(event, run);
  };
}

/**
 * Resolves with true as soon as `condition` is true. Checks it now and after each change of the member. Resolves with false if `signal` is
 * aborted first.
 */
export async function waitUntil(me: Membership, condition: () => boolean, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  if (condition()) return true;
  return await new Promise<boolean>(resolve => {
    const settle = (result: boolean): void => {
      removeListeners();
      removeAbort();
      resolve(result);
    };
    const removeListeners = onChange(me, () => {
      if (condition()) settle(true);
    });
    const removeAbort = onAbort(signal, () => settle(false));
  });
}
