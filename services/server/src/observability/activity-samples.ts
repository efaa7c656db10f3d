import type { ServerEvent } from '../server-event.js';
import type { GroupQueries, Readiness } from './group-queries.js';

/** How far apart two samples are. */
export const SAMPLE_PERIOD_MS = 2000;
/** Five minutes of them. */
export const SAMPLES_MAX = 150;

/** What happened in a group within the `SAMPLE_PERIOD_MS` before `at`, and how many were in it then. */
export interface Sample {
  readonly at: string;
  /** Commands that were accepted. */
  readonly commands: number;
  /** Commands that were refused. */
  readonly refused: number;
  readonly size: number;
}

/** How a group is doing, and with it the server. */
export interface ActivityReport {
  /** The server's clock. */
  readonly at: string;
  readonly everyMs: number;
  readonly samples: readonly Sample[];
  readonly waiting: number;
  readonly waitlistMax: number;
  readonly membersMax: number;
  readonly state: Readiness['state'];
  readonly mirror: Readiness['mirror'];
}

export interface Capacity {
  readonly membersMax: number;
  readonly waitlistMax: number;
}

/** Counts each group's commands and keeps its samples of the last five minutes, for as long as somebody is in the group. */
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

  countCommand(event: ServerEvent): void {
    if (event.event === 'command.accepted') this.#countOf(event.group).commands += 1;
    if (event.event === 'command.refused') this.#countOf(event.group).refused += 1;
  }

  /** Takes a sample of every group. To be called every `SAMPLE_PERIOD_MS`. */
  sampleGroups(): void {
    const at = this.#now();
    this.#samples = new Map(
      this.#queries.groups().map(({ group, size }) => {
        const { commands, refused } = this.#countOf(group);
        const earlier = this.#samples.get(group) ?? [];
        return [group, [...earlier.slice(1 - SAMPLES_MAX), { at, commands, refused, size }]];
      }),
    );
    this.#counts.clear();
  }

  /** With the newest `samplesMax` samples; a group that is not there has none. */
  reportActivity(group: string, samplesMax = SAMPLES_MAX): ActivityReport {
    const { state, mirror } = this.#queries.readiness();
    const samples = (this.#samples.get(group) ?? []).slice(-samplesMax);
    return {
      at: this.#now(),
      everyMs: SAMPLE_PERIOD_MS,
      samples,
      waiting: this.#queries.waiting(group),
      ...this.#capacity,
      state,
      mirror,
    };
  }

  #now(): string {
    return new Date(this.#wallMs()).toISOString();
  }

  #countOf(group: string): { commands: number; refused: number } {
    const known = this.#counts.get(group);
    if (known !== undefined) return known;
    const count = { commands: 0, refused: 0 };
    this.#counts.set(group, count);
    return count;
  }
}
