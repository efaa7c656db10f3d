/** A timer that can be started again. */
export class Restartable {
  readonly #afterMs: number;
  readonly #run: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The timer does not run yet. */
  constructor(afterMs: number, run: () => void) {
    this.#afterMs = afterMs;
    this.#run = run;
  }

  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#run, this.#afterMs);
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}
