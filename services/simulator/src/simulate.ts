import { Violation } from './violation.js';
import { step } from './workload.js';
import { World, type WorldOptions } from './world.js';

/** What became of one seed. */
export type Outcome =
  | { readonly kind: 'held' }
  | { readonly kind: 'broken'; readonly seed: number; readonly step: number; readonly violation: Violation };

/** Runs one world for so many steps, and lets it settle. The same seed does the same, always. */
export function simulate(seed: number, steps: number, options?: WorldOptions): Outcome {
  let taken = 0;
  try {
    const world = new World(seed, options);
    for (; taken < steps; taken += 1) step(world, taken);
    world.settle();
    return { kind: 'held' };
  } catch (error) {
    return { kind: 'broken', seed, step: taken, violation: violationOf(error) };
  }
}

/** What was thrown, as what it says of rankd. */
export function violationOf(error: unknown): Violation {
  if (error instanceof Violation) return error;
  return new Violation('NO-CRASH', error instanceof Error ? (error.stack ?? error.message) : String(error));
}
