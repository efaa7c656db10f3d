/** Simulates a single server for one seed. */

import { Violation } from './violation.js';
import { runStep } from './workload.js';
import { World, type WorldOptions } from './world.js';

/** The result of one seed. */
export type Outcome =
  | { readonly kind: 'held' }
  | { readonly kind: 'broken'; readonly seed: number; readonly step: number; readonly violation: Violation };

/** Simulates a single server for a number of steps and checks its final state. The same seed always has the same result. */
export function simulate(seed: number, steps: number, options?: WorldOptions): Outcome {
  let taken = 0;
  try {
    const world = new World(seed, options);
    for (; taken < steps; taken += 1) runStep(world, taken);
    world.settle();
    return { kind: 'held' };
  } catch (error) {
    return { kind: 'broken', seed, step: taken, violation: toViolation(error) };
  }
}

/** Converts an error to a violation: an unexpected error breaks the invariant NO-CRASH. */
export function toViolation(error: unknown): Violation {
  if (error instanceof Violation) return error;
  return new Violation('NO-CRASH', error instanceof Error ? (error.stack ?? error.message) : String(error));
}
