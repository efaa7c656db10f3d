/** Measures how the CPU time of a function grows with its input. */

import { createContext, Script } from 'node:vm';

/** Calls are repeated until they take this long together, ms, because the clock has a limited resolution. */
const BATCH_MS = 0.2;
/** The fastest of these many batches counts, because a garbage collection makes a batch slower. */
const BATCHES = 5;
/** A single call that takes longer is ended, ms. A call whose time doubles with each character would take hours. */
const CALL_MS_MAX = 2000;

/** Returns the CPU time of one call, ms: the mean of the fastest of `batches` batches. */
export function fastestMs(work: () => void, batches = BATCHES): number {
  const calls = callsPerBatch(work);
  let fastest = Infinity;
  for (let batch = 0; batch < batches; batch += 1) fastest = Math.min(fastest, batchMs(work, calls) / calls);
  return fastest;
}

/**
 * Returns how many times longer `work` takes for `size` x `factor` than for `size`.
 * @throws Error if one call of `size` x `factor` takes longer than 2000 ms
 */
export function timeGrowth(work: (size: number) => void, size: number, factor: number): number {
  const larger = (): void => work(size * factor);
  callOnce(larger, size * factor);
  const smallerMs = fastestMs(() => work(size));
  // Other work on the machine can only make a batch slower. So one batch with small growth is enough to show that the growth is small.
  const growth = fastestMs(larger, 1) / smallerMs;
  return growth < 2 * factor ? growth : fastestMs(larger) / smallerMs;
}

const call = new Script('work()');
const context = createContext({ work: () => undefined });

/**
 * Calls `work` once, with a time limit. V8 checks for an interrupt at each backtracking step, so even a regular expression can be
 * ended.
 */
function callOnce(work: () => void, size: number): void {
  try {
    context['work'] = work;
    call.runInContext(context, { timeout: CALL_MS_MAX });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new Error(`one call of size ${size} takes longer than ${CALL_MS_MAX} ms`, { cause: error });
  }
}

function callsPerBatch(work: () => void): number {
  let calls = 1;
  while (batchMs(work, calls) < BATCH_MS) calls *= 2;
  return calls;
}

/** Returns the CPU time of several calls, ms. It does not pass while other processes have the CPU. */
function batchMs(work: () => void, calls: number): number {
  const start = process.cpuUsage();
  for (let left = calls; left > 0; left -= 1) work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
