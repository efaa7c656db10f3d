/** Limits the log lines that clients can cause. */

import type { Clock } from '../../clock.js';

const WINDOW_MS = 1000;

interface Counter {
  readonly linesMax: number;
  lines: number;
}

/** Limits the log lines per second for each kind of event. At the end of a second, logs how many lines were omitted. */
export class LogRateLimit {
  readonly #clock: Clock;
  readonly #linesMax: ReadonlyMap<string, number>;
  readonly #reportOmitted: (event: string, count: number) => void;
  /** The counters of the present second, by event. */
  readonly #counters = new Map<string, Counter>();

  /** `linesMax` is the limit of lines per second by event. An event without a limit is not counted. */
  constructor(
    clock: Clock,
    linesMax: ReadonlyMap<string, number>,
    reportOmitted: (event: string, count: number) => void,
  ) {
    this.#clock = clock;
    this.#linesMax = linesMax;
    this.#reportOmitted = reportOmitted;
  }

  /** Counts a line of `event`. Returns whether it may be written. */
  allowsLine(event: string): boolean {
    const counter = this.#counters.get(event) ?? this.#startCounter(event);
    if (counter === undefined) return true;
    counter.lines += 1;
    return counter.lines <= counter.linesMax;
  }

  #startCounter(event: string): Counter | undefined {
    const linesMax = this.#linesMax.get(event);
    if (linesMax === undefined) return undefined;
    if (this.#counters.size === 0) this.#clock.after(WINDOW_MS, () => this.#endWindow());
    const counter = { linesMax, lines: 0 };
    this.#counters.set(event, counter);
    return counter;
  }

  #endWindow(): void {
    const rests = [...this.#counters].map(([event, { lines, linesMax }]) => [event, lines - linesMax] as const);
    this.#counters.clear();
    for (const [event, rest] of rests) if (rest > 0) this.#reportOmitted(event, rest);
  }
}
