import fc from 'fast-check';
import type { CoordinatorSnapshot } from '../../../../src/core/index.js';
import { course, record, type Moment } from '../reference/recording.js';
import { statesIn } from './snapshot-states.js';

/** A snapshot from one point of a recording, and the entries and effects after that point. */
export interface Post {
  readonly taken: Moment;
  readonly later: readonly Moment[];
}

/**
 * Runs two hundred random scripts and takes a snapshot whenever a state first occurs in a script, at most `coursesEach`
 * times for each state.
 */
export function postsOfEveryState(coursesEach: number): { posts: Post[]; met: Set<string> } {
  const counts = new Map<string, number>();
  const posts: Post[] = [];
  for (const steps of fc.sample(course, { numRuns: 200, seed: 7 })) {
    const recording = record(steps);
    const metHere = new Set<string>();
    for (const [index, taken] of recording.entries()) {
      const states = statesIn(JSON.parse(taken.snapshot) as CoordinatorSnapshot);
      const fresh = states.filter(state => !metHere.has(state) && (counts.get(state) ?? 0) < coursesEach);
      for (const state of fresh) counts.set(state, (counts.get(state) ?? 0) + 1);
      for (const state of states) metHere.add(state);
      if (fresh.length > 0) posts.push({ taken, later: recording.slice(index + 1) });
    }
  }
  return { posts, met: new Set(counts.keys()) };
}
