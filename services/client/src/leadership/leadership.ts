import { sleep, type Clock } from '../clock.js';
import { RankdError, rejectOnAbort } from '../rankd-error.js';
import type { Fence } from '../session/seat.js';
import { LeaseSignal } from './lease-signal.js';

/** Runs while this member leads. When `signal` is aborted, another member may lead. */
export type Work = (signal: AbortSignal, fence: Fence) => unknown;

/** The part of a membership that decides whether this member leads. */
export interface LeadershipPorts {
  /** Defined while this member is rank 0 and may act on it. */
  readonly fence: Fence | undefined;
  readonly isClosed: boolean;
  on(change: Change, listener: () => void): unknown;
  off(change: Change, listener: () => void): unknown;
}

type Change = (typeof changes)[number];

const changes = ['joined', 'rank', 'suspended', 'acting', 'disconnected', 'closed'] as const;

/** Runs the work of every `lead()` call of one member while that member leads. */
export class Leadership {
  readonly #member: LeadershipPorts;
  readonly #clock: Clock;
  readonly #loops = new Set<LeadershipLoop>();

  constructor(member: LeadershipPorts, clock: Clock) {
    this.#member = member;
    this.#clock = clock;
  }

  /**
   * Runs `work` each time the member becomes the leader. Resolves when the membership is over.
   * @throws what `work` throws while the member leads; RankdError ABORTED
   */
  async lead(work: Work, signal: AbortSignal | undefined): Promise<void> {
    const loop = new LeadershipLoop(this.#member, work);
    this.#loops.add(loop);
    try {
      await loop.run(signal);
    } finally {
      this.#loops.delete(loop);
    }
  }

  /** Resolves when all work whose signal is aborted has ended, or after `withinMs`. */
  async waitForWork(withinMs: number): Promise<void> {
    const allDone = Promise.allSettled([...this.#loops].map(loop => loop.workDone));
    const timeout = new AbortController();
    const { signal } = timeout;
    await Promise.race([allDone, sleep(this.#clock, withinMs, { lifetime: 'background', signal })]);
    timeout.abort();
  }
}

/** One `lead()` call: starts the work when the member starts to lead, and aborts it when the member stops leading. */
export class LeadershipLoop {
  readonly #member: LeadershipPorts;
  readonly #work: Work;
  /** Settles with the first error of the work, or when the membership is over. */
  readonly #finished = createDeferred();
  #lease: LeaseSignal | undefined;
  #workDone: Promise<void> = Promise.resolve();

  constructor(member: LeadershipPorts, work: Work) {
    this.#member = member;
    this.#work = work;
  }

  /** Resolves when the last work that was started has ended. The member may lead again by then. */
  get workDone(): Promise<void> {
    return this.#workDone;
  }

  /**
   * Resolves when the membership is over.
   * @throws what the work throws while the member leads; RankdError ABORTED
   */
  async run(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) throw new RankdError('ABORTED', undefined, { cause: signal.reason });
    const removeListeners = callAfterEachChange(this.#member, () => this.#checkLeadership());
    try {
      await rejectOnAbort(this.#finished.promise, signal);
    } finally {
      removeListeners();
      this.#lease?.abort();
      await this.#workDone;
    }
  }

  #checkLeadership(): void {
    const { fence, isClosed } = this.#member;
    if (fence !== undefined && isSameFence(fence, this.#lease?.fence) && this.#lease?.isActive() === true) return;
    this.#lease?.abort();
    this.#lease = undefined;
    if (isClosed) this.#finished.resolve();
    else if (fence !== undefined) this.#startWork(fence);
  }

  #startWork(fence: Fence): void {
    const lease = new LeaseSignal(fence, () => isSameFence(fence, this.#member.fence));
    this.#lease = lease;
    // Two pieces of work never run at the same time: the next one waits for the last one to end.
    this.#workDone = this.#workDone.then(async () => {
      if (!lease.isActive()) return;
      try {
        await this.#work(lease.signal, fence);
      } catch (error) {
        // Work that is told to stop usually ends by throwing: such an error is expected.
        if (lease.isActive()) this.#finished.reject(error);
      }
    });
  }
}

function isSameFence(a: Fence, b: Fence | undefined): boolean {
  return a.epoch === b?.epoch && a.view === b.view;
}

/**
 * Resolves as soon as `condition` is true. Checks it now and after every change of the member.
 * @throws RankdError ABORTED; NOT_CONNECTED if the membership is over
 */
export async function waitUntil(
  member: LeadershipPorts,
  condition: () => boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise, resolve, reject } = createDeferred();
  const removeListeners = callAfterEachChange(member, () => {
    if (condition()) resolve();
    else if (member.isClosed) reject(new RankdError('NOT_CONNECTED'));
  });
  try {
    await rejectOnAbort(promise, signal);
  } finally {
    removeListeners();
  }
}

/** Calls `check` now and after every change. Returns a function that removes the listeners. */
function callAfterEachChange(member: LeadershipPorts, check: () => void): () => void {
  for (const change of changes) member.on(change, check);
  check();
  return () => {
    for (const change of changes) member.off(change, check);
  };
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** A promise with its resolve and reject functions. A rejection that is not awaited yet is not reported as unhandled. */
function createDeferred(): Deferred {
  let resolve: () => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<void>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise;
    reject = rejectPromise;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
