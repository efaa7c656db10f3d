/** Samples of the group's activity. */

import type { PulseEvent, Sample } from './stream-event.js';

/** The number of samples that the page keeps: five minutes, one every two seconds. */
export const SAMPLES_MAX = 150;

/** The current numbers of the group, with the samples of the last minutes. */
export type ActivitySamples = PulseEvent & {
  /** How far the server's clock is ahead of this machine's, ms. */
  readonly aheadMs: number;
};

/** Returns the samples after a `pulse` event. The first event after a roster has all samples of the server. Each later event has one. */
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
