import type { PulseEvent, Sample } from './stream-event.js';

/** Five minutes of what the server tells every two seconds. */
export const SAMPLES_MAX = 150;

/** How the group is doing, with the samples of the last minutes. */
export type ActivitySamples = PulseEvent & {
  /** How far the server's clock is ahead of this machine's. */
  readonly aheadMs: number;
};

/** The first one after a roster holds all samples, each later one the newest. */
export function nextActivitySamples(
  earlier: ActivitySamples | undefined,
  told: PulseEvent,
  nowMs: number,
): ActivitySamples {
  const quiet: Sample = { at: told.at, commands: 0, refused: 0, size: 0 };
  const added = told.samples.length === 0 ? [quiet] : told.samples;
  const samples = earlier === undefined ? told.samples : [...earlier.samples, ...added].slice(-SAMPLES_MAX);
  return { ...told, samples, aheadMs: Date.parse(told.at) - nowMs };
}
