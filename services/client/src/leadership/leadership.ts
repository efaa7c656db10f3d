import { setTimeout as sleep } from 'node:timers/promises';
import { LeadershipLoop, type LeadershipPorts, type Work } from './leadership-loop.js';

/** All the work that a member does while it leads. */
export class Leadership {
  readonly #member: LeadershipPorts;
  readonly #all = new Set<LeadershipLoop>();

  constructor(member: LeadershipPorts) {
    this.#member = member;
  }

  /**
   * Runs `work` whenever the member leads; resolves when the membership is over.
   * @throws what `work` throws while it leads; RankdError ABORTED
   */
  async lead(work: Work, signal: AbortSignal | undefined): Promise<void> {
    const leading = new LeadershipLoop(this.#member, work);
    this.#all.add(leading);
    try {
      await leading.run(signal);
    } finally {
      this.#all.delete(leading);
    }
  }

  /** Resolves when all work whose signal has been aborted has come to its end, or after `withinMs`. */
  async ended(withinMs: number): Promise<void> {
    const ended = Promise.allSettled([...this.#all].map(leading => leading.running));
    const patience = new AbortController();
    const { signal } = patience;
    await Promise.race([ended, sleep(withinMs, undefined, { ref: false, signal }).catch(() => undefined)]);
    patience.abort();
  }
}
