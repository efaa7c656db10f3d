import { orAborted, RankdError } from '../rankd-error.js';
import type { Fence } from '../session/seat.js';
import { LeaseSignal } from './lease-signal.js';

/** Runs while this member leads. Once `signal` is aborted, somebody else may lead. */
export type Work = (signal: AbortSignal, fence: Fence) => unknown;

/** The part of a membership that leading looks at. */
export interface LeadershipPorts {
  /** Defined while it is rank 0 and may act on it. */
  readonly fence: Fence | undefined;
  readonly isClosed: boolean;
  on(change: Change, listener: () => void): unknown;
  off(change: Change, listener: () => void): unknown;
}

type Change = (typeof changes)[number];

const changes = ['joined', 'rank', 'suspended', 'acting', 'disconnected', 'closed'] as const;

/** Starts a piece of work whenever its member leads, and ends it when it does no more. */
export class LeadershipLoop {
  readonly #member: LeadershipPorts;
  readonly #work: Work;
  /** Settles with the first fault of the work, or when the membership is over. */
  readonly #over = settleable();
  #term: LeaseSignal | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(member: LeadershipPorts, work: Work) {
    this.#member = member;
    this.#work = work;
  }

  /** Settles when the work of the last term has, whether its member leads now or not. */
  get running(): Promise<void> {
    return this.#running;
  }

  /**
   * Resolves when the membership is over.
   * @throws what the work throws while it leads; RankdError ABORTED
   */
  async run(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) throw new RankdError('ABORTED', undefined, { cause: signal.reason });
    const forget = atChanges(this.#member, () => this.#look());
    try {
      await orAborted(this.#over.settled, signal);
    } finally {
      forget();
      this.#term?.end();
      await this.#running;
    }
  }

  #look(): void {
    const { fence, isClosed } = this.#member;
    if (fence !== undefined && isSame(fence, this.#term?.fence) && this.#term?.lasts() === true) return;
    this.#term?.end();
    this.#term = undefined;
    if (isClosed) this.#over.resolve();
    else if (fence !== undefined) this.#begin(fence);
  }

  #begin(fence: Fence): void {
    const term = new LeaseSignal(fence, () => isSame(fence, this.#member.fence));
    this.#term = term;
    // One piece of work at a time: a new term begins when the work of the last one has ended.
    this.#running = this.#running.then(async () => {
      if (!term.lasts()) return;
      try {
        await this.#work(term.signal, fence);
      } catch (error) {
        // What it throws once it leads no more is how most work ends when it is told to stop.
        if (term.lasts()) this.#over.reject(error);
      }
    });
  }
}

function isSame(a: Fence, b: Fence | undefined): boolean {
  return a.epoch === b?.epoch && a.view === b.view;
}

/** Resolves as soon as `holds`, which is looked at after every change. @throws RankdError ABORTED, NOT_CONNECTED once it is over */
export async function untilHolds(
  member: LeadershipPorts,
  holds: () => boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { settled, resolve, reject } = settleable();
  const forget = atChanges(member, () => {
    if (holds()) resolve();
    else if (member.isClosed) reject(new RankdError('NOT_CONNECTED'));
  });
  try {
    await orAborted(settled, signal);
  } finally {
    forget();
  }
}

/** Looks now, and after every change until it is told to forget it. */
function atChanges(member: LeadershipPorts, look: () => void): () => void {
  for (const change of changes) member.on(change, look);
  look();
  return () => {
    for (const change of changes) member.off(change, look);
  };
}

interface Settleable {
  readonly settled: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** A promise that others settle; that nobody may wait for it yet is no fault. */
function settleable(): Settleable {
  let resolve: () => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const settled = new Promise<void>((resolveIt, rejectIt) => {
    resolve = resolveIt;
    reject = rejectIt;
  });
  settled.catch(() => undefined);
  return { settled, resolve, reject };
}
