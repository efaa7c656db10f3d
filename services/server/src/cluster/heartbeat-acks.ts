import type { Clock } from '../clock.js';

/** The beats of this server in one order, and when it last knew to be heard by the others. */
export class HeartbeatAcks {
  readonly #clock: Clock;
  /** When those that have yet to be read back were sent. */
  readonly #unheard: number[] = [];
  #heardAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** By the monotonic clock: when the last of them that was read back had been sent. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  /** It has read its own coming. */
  recordJoin(): void {
    this.#heardAtMs = this.#clock.monotonicMs();
  }

  recordSent(): void {
    this.#unheard.push(this.#clock.monotonicMs());
  }

  recordReadBack(): void {
    this.#heardAtMs = this.#unheard.shift() ?? this.#heardAtMs;
  }
}
