import { createContext, Script } from 'node:vm';

/** Calls are repeated until they take this long together, so that the clock's resolution counts for little. */
const BATCH_MS = 0.2;
/** The fastest of this many batches counts: a collection of garbage only ever makes a batch slower. */
const BATCHES = 5;
/** A single call that takes longer is ended: where the time doubles with each character, it would last for hours. */
const CALL_MS_MAX = 2000;

/** The processor time of one call in milliseconds: the mean of the fastest of several batches. */
export function fastestMs(work: () => void): number {
  const calls = callsPerBatch(work);
  let fastest = Infinity;
  for (let batch = 0; batch < BATCHES; batch += 1) fastest = Math.min(fastest, batchMs(work, calls) / calls);
  return fastest;
}

/**
 * How many times longer `work` takes for `size` x `factor` than for `size`.
 * @throws Error if one call of `size` x `factor` takes longer than 2 s
 */
export function timeGrowth(work: (size: number) => void, size: number, factor: number): number {
  callOnce(() => work(size * factor), size * factor);
  return fastestMs(() => work(size * factor)) / fastestMs(() => work(size));
}

const call = new Script('work()');
const context = createContext({ work: () => undefined });

/** V8 looks for an interrupt at each step back of a regular expression, so that even that can be ended. */
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

/** Processor time, which does not pass while other processes have the processor. */
function batchMs(work: () => void, calls: number): number {
  const start = process.cpuUsage();
  for (let left = calls; left > 0; left -= 1) work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
