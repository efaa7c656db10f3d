/** The recent activity of each group: its commands and its size. */

import type { ServerEvent } from '../server-event.js';
import type { GroupQueries, Readiness } from './group-queries.js';

/** The time between two samples. */
export const SAMPLE_PERIOD_MS = 2000;
/** The limit of samples of one group. They cover five minutes. */
export const SAMPLES_MAX = 150;

/** The commands of a group in the `SAMPLE_PERIOD_MS` before `at`, and its number of members at that time. */
export interface Sample {
  readonly at: string;
  /** The number of accepted commands. */
  readonly commands: number;
  /** The number of refused commands. */
  readonly refused: number;
  readonly size: number;
}

/** The recent activity of a group and the state of the server. The live page shows it. */
export interface ActivityReport {
  /** The time by the server's wall clock. */
  readonly at: string;
  readonly everyMs: number;
  readonly samples: readonly Sample[];
  readonly waiting: number;
  readonly waitlistMax: number;
  readonly membersMax: number;
  readonly state: Readiness['state'];
  readonly mirror: Readiness['mirror'];
}

/** The limits of members and waiting sessions in each group. */
export interface Capacity {
  readonly membersMax: number;
  readonly waitlistMax: number;
}

/** Counts the commands of each group, and keeps the samples of the last five minutes. Deletes the samples of a deleted group. */
export class ActivitySamples {
  readonly #queries: GroupQueries;
  readonly #capacity: Capacity;
  readonly #wallMs: () => number;
  readonly #counts = new Map<string, { commands: number; refused: number }>();
  #samples = new Map<string, readonly Sample[]>();

  constructor(queries: GroupQueries, capacity: Capacity, wallMs: () => number) {
    this.#queries = queries;
    this.#capacity = capacity;
    this.#wallMs = wallMs;
  }

  /** Counts the event if it is an accepted or a refused command. */
  countCommand(event: ServerEvent): void {
    if (event.event === 'command.accepted') this.#commandCounts(event.group).commands += 1;
    if (event.event === 'command.refused') this.#commandCounts(event.group).refused += 1;
  }

  /** Takes a sample of every group. Must be called every `SAMPLE_PERIOD_MS`. */
  sampleGroups(): void {
    const at = this.#formatNow();
    this.#samples = new Map(
      this.#queries.listGroups().map(({ group, size }) => {
        const { commands, refused } = this.#commandCounts(group);
        const earlier = this.#samples.get(group) ?? [];
        return [group, [...earlier.slice(1 - SAMPLES_MAX), { at, commands, refused, size }]];
      }),
    );
    this.#counts.clear();
  }

  /** Returns the report of a group with its newest `samplesMax` samples. An unknown group has no samples. */
  reportActivity(group: string, samplesMax = SAMPLES_MAX): ActivityReport {
    const { state, mirror } = this.#queries.readReadiness();
    const samples = (this.#samples.get(group) ?? []).slice(-samplesMax);
    return {
      at: this.#formatNow(),
      everyMs: SAMPLE_PERIOD_MS,
      samples,
      waiting: this.#queries.countWaiting(group),
      ...this.#capacity,
      state,
      mirror,
    };
  }

  #formatNow(): string {
    return new Date(this.#wallMs()).toISOString();
  }

  #commandCounts(group: string): { commands: number; refused: number } {
    const known = this.#counts.get(group);
    if (known !== undefined) return known;
    const count = { commands: 0, refused: 0 };
    this.#counts.set(group, count);
    return count;
  }
}
