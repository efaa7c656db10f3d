import type { Clock, Timer } from '../../clock.js';

/** Calls `run` every `tickMs`, from its construction until `stop`. */
export class Ticker {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #tickMs: number;
  readonly #run: () => void;
  #timer: Timer | undefined;

  constructor(clock: Pick<Clock, 'after'>, tickMs: number, run: () => void) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#run = run;
    this.#schedule();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer = this.#clock.after(this.#tickMs, () => {
      this.#run();
      this.#schedule();
    });
  }
}
