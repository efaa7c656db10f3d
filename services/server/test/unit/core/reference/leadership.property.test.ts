import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Fleet } from './leadership.js';

const which = fc.nat({ max: 11 });
const plain = <K extends string>(kind: K): fc.Arbitrary<{ kind: K; which: number }> =>
  fc.record({ kind: fc.constant(kind), which });

const step = fc.oneof(
  { weight: 8, arbitrary: plain('join') },
  { weight: 6, arbitrary: plain('resume') },
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('move' as const), which, rank: fc.constantFrom(0, 0, 0, 1, 2, 4) }),
  },
  { weight: 5, arbitrary: plain('remove') },
  { weight: 4, arbitrary: plain('end') },
  { weight: 3, arbitrary: plain('goodbye') },
  { weight: 5, arbitrary: plain('lost') },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('proxy' as const), which, restMs: fc.constantFrom(1, 15, 39, 40) }),
  },
  { weight: 12, arbitrary: plain('answer') },
  { weight: 6, arbitrary: plain('resign') },
  { weight: 4, arbitrary: plain('close') },
  { weight: 10, arbitrary: plain('arrive') },
  { weight: 6, arbitrary: plain('repeat') },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 5, 20, 60) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function take(fleet: Fleet, step: Step): void {
  switch (step.kind) {
    case 'move':
      return fleet.move(step.which, step.rank);
    case 'proxy':
      return fleet.proxyCloses(step.which, step.restMs);
    case 'wait':
      return fleet.wait(step.ms);
    case 'goodbye':
    case 'lost':
      return fleet.depart(step.which, step.kind);
    case 'join':
      return fleet.join();
    default:
      return fleet[step.kind](step.which);
  }
}

interface Course {
  /** The lease is 40 ms. */
  readonly graceLeaderMs: number;
  readonly restarted: number;
  readonly steps: readonly Step[];
  /** How many steps before the end the order freezes. */
  readonly frozenFor: number;
}

const course: fc.Arbitrary<Course> = fc.record({
  graceLeaderMs: fc.constantFrom(0, 10, 40, 90),
  restarted: fc.constantFrom(0, 0, 2, 3),
  steps: fc.noBias(fc.array(step, { maxLength: 70, size: 'max' })),
  frozenFor: fc.constantFrom(0, 0, 0, 6),
});

function run({ graceLeaderMs, restarted, steps, frozenFor }: Course): Fleet {
  const fleet = new Fleet(graceLeaderMs);
  fleet.restart(restarted);
  for (const [index, each] of steps.entries()) {
    if (index === steps.length - frozenFor) fleet.freeze();
    take(fleet, each);
  }
  fleet.settle();
  return fleet;
}

describe('leadership in random scripts', () => {
  it('R-LEAD-1 R-LEAD-2 changes the leader only after the previous one has stopped, and holds no decision forever', () => {
    const sums = new Fleet(0).counts;
    const holds = (course: Course): void => {
      const { counts } = run(course);
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += counts[key];
    };
    fc.assert(fc.property(course, holds), { numRuns: 1000 });
    for (const sum of Object.values(sums)) expect(sum).toBeGreaterThan(15);
  });
});
