import { availableParallelism } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { runSimulator } from './simulation-run.js';

/** Many times the usual duration. */
const DEADLINE_MS = 300_000;
const SEEDS = 30;
const STEPS = 150;

/** The checker must find each planted fault, as the right invariant, within this many seeds. */
const SEEDS_MAX = 20;

const planted = [
  { fault: 'applied-unwritten', invariant: 'ORDER' },
  { fault: 'rewriting-unseen', invariant: 'ORDER' },
  { fault: 'fence-unchecked', invariant: 'FENCED' },
  { fault: 'retried-as-new', invariant: 'ONCE' },
  { fault: 'dropped-proposal', invariant: 'ONCE' },
  { fault: 'replica-unawaited', invariant: 'KEPT' },
  { fault: 'diverging-server', invariant: 'I2' },
  { fault: 'short-leases', invariant: 'ONE-LEADER' },
];

describe('The simulated cluster', () => {
  it(
    `has one order at all of its servers, and reports every loss, in ${SEEDS} seeds of ${STEPS} steps`,
    async () => {
      const processes = Math.min(4, availableParallelism());
      const runs = await Promise.all(
        Array.from({ length: processes }, (_, seed) => {
          const seeds = Math.ceil((SEEDS - seed) / processes);
          const which = [`--seed=${seed}`, `--stride=${processes}`, `--seeds=${seeds}`, `--steps=${STEPS}`];
          return runSimulator('--cluster', ...which);
        }),
      );
      const seconds = Math.max(...runs.map(run => run.seconds));
      process.stdout.write(`simulated ${SEEDS} clusters of ${STEPS} steps: ${Math.round(SEEDS / seconds)} seeds/s\n`);
      expect(runs.flatMap(({ broken }) => broken)).toEqual([]);
      expect(runs.reduce((sum, { seeds }) => sum + seeds, 0)).toBe(SEEDS);
    },
    DEADLINE_MS,
  );

  it.concurrent.each(planted)(
    'detects the planted fault $fault, which breaks $invariant',
    async ({ fault, invariant }) => {
      const args = [`--fault=${fault}`, `--seeds=${SEEDS_MAX}`, `--steps=${STEPS}`];
      const { broken } = await runSimulator('--cluster', ...args);
      expect(broken).toEqual([expect.stringMatching(new RegExp(`^seed \\d+ step \\d+ of ${STEPS}: ${invariant}: `))]);
    },
    DEADLINE_MS,
  );

  it(
    'does exactly the same for the same seed, in every byte',
    async () => {
      const [once, again, other] = await Promise.all(
        [7, 7, 8].map(seed => runSimulator('--cluster', `--seed=${seed}`, `--steps=${STEPS}`, '--transcript')),
      );
      const said = once?.lines.slice(0, -1) ?? [];
      expect(said.length).toBeGreaterThan(STEPS);
      expect(again?.lines.slice(0, -1)).toEqual(said);
      expect(other?.lines.slice(0, -1)).not.toEqual(said);
    },
    DEADLINE_MS,
  );
});
