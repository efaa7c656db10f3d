/** Runs the work of `lead()` while this member leads. */

import { sleep, type Clock } from '../clock.js';
import { RankdError, rejectOnAbort } from '../rankd-error.js';
import type { Fence } from '../session/seat.js';
import { LeaseSignal } from './lease-signal.js';

/**
 * The work that a leader does. When `signal` is aborted, the work must stop: another member may lead soon. `fence` is the fencing
 * token of this leadership.
 */
export type Work = (signal: AbortSignal, fence: Fence) => unknown;

/** The functions and values that leadership gets from the membership. */
export interface LeadershipPorts {
  /** The fencing token while this member has rank 0 and may act on it. Undefined otherwise. */
  readonly fence: Fence | undefined;
  readonly isClosed: boolean;
  on(change: Change, listener: () => void): unknown;
  off(change: Change, listener: () => void): unknown;
}

type Change = (typeof changes)[number];

const changes = ['joined', 'rank', 'suspended', 'acting', 'disconnected', 'closed'] as const;

/** Runs the work of every `lead()` call of one member. */
export class Leadership {
  readonly #member: LeadershipPorts;
  readonly #clock: Clock;
  readonly #loops = new Set<LeadershipLoop>();

  constructor(member: LeadershipPorts, clock: Clock) {
    this.#member = member;
    this.#clock = clock;
  }

  /**
   * Runs `work` each time the member becomes the leader. Resolves when the membership is closed.
   * @throws the error of `work`, if it throws while the member leads; RankdError ABORTED
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

  /** Whether some work runs, or was asked to stop and has not ended. */
  get isWorking(): boolean {
    return [...this.#loops].some(({ isWorking }) => isWorking);
  }

  /** Resolves when all work with an aborted signal has ended, or at `untilMs` by the monotonic clock. Without `untilMs` there is no limit. */
  async waitForWork(untilMs?: number): Promise<void> {
    const allDone = Promise.allSettled([...this.#loops].map(loop => loop.workDone));
    if (untilMs === undefined) {
      await allDone;
      return;
    }
    const timeout = new AbortController();
    const { signal } = timeout;
    const withinMs = Math.max(0, Math.ceil(untilMs - this.#clock.nowMs()));
    await Promise.race([allDone, sleep(this.#clock, withinMs, { lifetime: 'background', signal })]);
    timeout.abort();
  }
}

/** One `lead()` call. Starts the work when the member becomes the leader, and aborts its signal when the member no longer leads. */
export class LeadershipLoop {
  readonly #member: LeadershipPorts;
  readonly #work: Work;
  /** Rejects with the first error of the work. Resolves when the membership is closed. */
  readonly #finished = createDeferred();
  #lease: LeaseSignal | undefined;
  #workDone: Promise<void> = Promise.resolve();
  #isWorking = false;

  constructor(member: LeadershipPorts, work: Work) {
    this.#member = member;
    this.#work = work;
  }

  /** Whether the work runs. */
  get isWorking(): boolean {
    return this.#isWorking;
  }

  /** Resolves when the work that was started last has ended. The member may be the leader again by that time. */
  get workDone(): Promise<void> {
    return this.#workDone;
  }

  /**
   * Runs the work each time the member leads, until the membership is closed. Before it settles, it aborts work that still runs and waits
   * for its end.
   * @throws the error of the work, if it throws while the member leads; RankdError ABORTED
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
    // Wait for the work of the earlier leadership, so that two never run at the same time.
    this.#workDone = this.#workDone.then(async () => {
      if (!lease.isActive()) return;
      this.#isWorking = true;
      try {
        await this.#work(lease.signal, fence);
      } catch (error) {
        // Ignore an error after the signal was aborted, because work often ends by throwing then.
        if (lease.isActive()) this.#finished.reject(error);
      } finally {
        this.#isWorking = false;
      }
    });
  }
}

function isSameFence(a: Fence, b: Fence | undefined): boolean {
  return a.epoch === b?.epoch && a.view === b.view;
}

/**
 * Resolves when `condition` is true. Checks it now and after every change of the member.
 * @throws RankdError ABORTED; NOT_CONNECTED if the membership is closed
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

/** Calls `check` now and after every change of the member. Returns a function that removes the listeners. */
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

/** Creates a promise with its resolve and reject functions. A rejection is not reported as unhandled if nothing awaits the promise yet. */
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
