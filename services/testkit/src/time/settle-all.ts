/** Waits as `Promise.all` does, but until every promise has settled. Then it throws the first error. */
export async function settleAll(...all: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(all)) if (outcome.status === 'rejected') throw outcome.reason;
}
