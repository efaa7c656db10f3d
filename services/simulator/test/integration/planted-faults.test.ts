import { describe, expect, it } from '@jest/globals';
import { runSimulator } from './simulation-run.js';

/** A checker that cannot fail proves nothing: within so many seeds each of these has to be found, for what it is. */
const SEEDS_MAX = 20;

const planted = [
  { fault: 'wrong-promotion', invariant: 'I2' },
  { fault: 'authority-of-equals', invariant: 'I4' },
  { fault: 'double-end', invariant: 'I6' },
  { fault: 'lost-outcome', invariant: 'I6' },
  { fault: 'lost-duplicate-check', invariant: 'I8' },
  { fault: 'one-too-many', invariant: 'I1' },
  { fault: 'endless-waitlist', invariant: 'I9' },
  { fault: 'delivered-twice', invariant: 'I5' },
  { fault: 'lost-deadline', invariant: 'I6' },
  { fault: 'departed-awaited', invariant: 'I7' },
  { fault: 'diverging-replica', invariant: 'I10' },
  { fault: 'unsaid-outcome', invariant: 'I11' },
  { fault: 'skipped-view', invariant: 'I3' },
  { fault: 'view-out-of-order', invariant: 'I12' },
  { fault: 'told-too-early', invariant: 'ONE-LEADER' },
  { fault: 'leader-forgotten', invariant: 'ONE-LEADER' },
];

describe('The checker', () => {
  it.each(planted)(
    'finds the planted fault $fault, which breaks $invariant',
    async ({ fault, invariant }) => {
      const { broken } = await runSimulator(`--fault=${fault}`, `--seeds=${SEEDS_MAX}`);
      expect(broken).toEqual([expect.stringMatching(new RegExp(`^seed \\d+ step \\d+ of 500: ${invariant}: `))]);
    },
    60_000,
  );
});
