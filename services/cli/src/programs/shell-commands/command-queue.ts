/** The queue of the commands that run as shell lines: it limits how many run at once. */

import { onAbort } from '@rankd/protocol';
import { RankdError } from '@rankd/client/internal';

/** How many commands may wait for their turn. Each keeps its arguments, so all keep at most 16 MiB with the server's default frames. */
export const WAITING_MAX = 256;

/** A command that waits. */
interface Waiting {
  readonly start: () => void;
}

/** Starts at most `parallel` commands at once (`--on-parallel`), in the order of their arrival. */
export class CommandQueue {
  readonly #parallel: number;
  readonly #waiting = new Set<Waiting>();
  #running = 0;

  constructor(parallel: number) {
    this.#parallel = parallel;
  }

  /**
   * Runs `work` when it is its turn. Settles as `work` does.
   * @param signal removes the command from the line if it is aborted before its turn
   * @throws RankdError TOO_MANY_OPEN if WAITING_MAX commands wait; ABORTED if `signal` was aborted before its turn
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#waitForTurn(signal);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#startNext();
    }
  }

  async #waitForTurn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new RankdError('ABORTED');
    if (this.#running < this.#parallel) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.size >= WAITING_MAX) {
      const message = `${WAITING_MAX} commands wait for this member's shell: send fewer, or raise --on-parallel`;
      throw new RankdError('TOO_MANY_OPEN', undefined, { message });
    }
    await new Promise<void>((resolve, reject) => {
      const waiting = {
        start: () => {
          removeListener();
          resolve();
        },
      };
      this.#waiting.add(waiting);
      const removeListener = onAbort(signal, () => {
        this.#waiting.delete(waiting);
        reject(new RankdError('ABORTED'));
      });
    });
  }

  #startNext(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#running += 1;
    next.start();
  }
}
