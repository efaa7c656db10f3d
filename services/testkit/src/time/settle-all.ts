/** Like `Promise.all`, but nothing of it goes on behind whoever waits: all are over before the first fault is thrown. */
export async function settleAll(...all: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(all)) if (outcome.status === 'rejected') throw outcome.reason;
}
