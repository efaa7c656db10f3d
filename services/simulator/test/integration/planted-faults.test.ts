/** Shows that the checker of the simulator can fail: it finds each planted fault within a few seeds, for what it is. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PlantedBug, plantedBugs } from '../../src/planted-bugs.js';
import { simulate } from '../../src/simulate.js';
import { runSimulator } from './simulation-run.js';

const SEEDS_MAX = 20;
const STEPS = 500;

const planted = {
  'wrong-promotion': 'I2',
  'authority-of-equals': 'I4',
  'double-end': 'I6',
  'lost-outcome': 'I6',
  'lost-duplicate-check': 'I8',
  'one-too-many': 'I1',
  'endless-waitlist': 'I9',
  'delivered-twice': 'I5',
  'lost-deadline': 'I6',
  'departed-awaited': 'I7',
  'diverging-replica': 'I10',
  'unsaid-outcome': 'I11',
  'skipped-view': 'I3',
  'view-out-of-order': 'I12',
  'size-late': 'I12',
  'unmatched-unlisted': 'I4',
  'told-too-early': 'ONE-LEADER',
  'leader-forgotten': 'ONE-LEADER',
  'close-believed': 'ONE-LEADER',
  'close-as-answer': 'ONE-LEADER',
};

const { stackTraceLimit } = Error;
// Simulated sessions create many errors, and stack traces would dominate the run time.
beforeAll(() => void (Error.stackTraceLimit = 1));
afterAll(() => void (Error.stackTraceLimit = stackTraceLimit));

describe('The checker', () => {
  it.each(Object.entries(planted))(
    'finds the planted fault %s, which breaks %s',
    (name, invariant) => {
      const fault = plantedBugs[name];
      if (fault === undefined) throw new Error(`there is no fault ${name}`);
      expect(firstViolation(fault)).toBe(invariant);
    },
    60_000,
  );
});

it('the built program prints the seed, the step and the invariant', async () => {
  const { broken } = await runSimulator('--fault=wrong-promotion', `--seeds=${SEEDS_MAX}`);
  expect(broken).toEqual([expect.stringMatching(/^seed \d+ step \d+ of 500: I2: /)]);
}, 60_000);

/** The invariant that the first seed with a violation breaks. */
function firstViolation(fault: PlantedBug): string | undefined {
  for (let seed = 0; seed < SEEDS_MAX; seed += 1) {
    const outcome = simulate(seed, STEPS, { fault, writeTrace: undefined });
    if (outcome.kind !== 'held') return outcome.violation.invariant;
  }
  return undefined;
}
