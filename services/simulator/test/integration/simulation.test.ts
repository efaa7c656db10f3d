import { availableParallelism } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { runSimulator } from './simulation-run.js';

/** Ten times the usual duration. */
const DEADLINE_MS = 600_000;
const SEEDS = 800;
const STEPS = 500;

const askedUntold = 'R-VIEW-3 a leader that was asked to stop before it learned that it leads received a command';
const putOutUntold =
  'R-VIEW-2 a member that received a change before a slow reader was ended by it did not receive that departure';

const stoppedUntold = 'R-LEAD-2 a leader that lost and got back rank 0 in one cycle got no view after it had stopped';

/** Seeds that once showed a fault. A change of the workload changes them, so each fault also has tests of its own. */
const regressions = [
  { seed: 431, was: askedUntold },
  { seed: 1247, was: askedUntold },
  { seed: 1656, was: putOutUntold },
  { seed: 702, was: stoppedUntold },
];

describe('The simulated world', () => {
  it(
    `keeps I1 to I12, and never has two leaders, in ${SEEDS} seeds of ${STEPS} steps`,
    async () => {
      const processes = Math.min(4, availableParallelism());
      const runs = await Promise.all(
        Array.from({ length: processes }, (_, seed) => {
          const seeds = Math.ceil((SEEDS - seed) / processes);
          return runSimulator(`--seed=${seed}`, `--stride=${processes}`, `--seeds=${seeds}`, `--steps=${STEPS}`);
        }),
      );
      const seconds = Math.max(...runs.map(run => run.seconds));
      process.stdout.write(`simulated ${SEEDS} seeds of ${STEPS} steps: ${Math.round(SEEDS / seconds)} seeds/s\n`);
      expect(runs.flatMap(({ broken }) => broken)).toEqual([]);
      expect(runs.reduce((sum, { seeds }) => sum + seeds, 0)).toBe(SEEDS);
    },
    DEADLINE_MS,
  );

  it.each(regressions)(
    'seed $seed passes: $was',
    async ({ seed }) => {
      expect((await runSimulator(`--seed=${seed}`)).broken).toEqual([]);
    },
    DEADLINE_MS,
  );

  it(
    'does exactly the same for the same seed, in every byte',
    async () => {
      const [once, again, other] = await Promise.all(
        [7, 7, 8].map(seed => runSimulator(`--seed=${seed}`, '--transcript')),
      );
      const said = once?.lines.slice(0, -1) ?? [];
      expect(said.length).toBeGreaterThan(STEPS);
      expect(again?.lines.slice(0, -1)).toEqual(said);
      expect(other?.lines.slice(0, -1)).not.toEqual(said);
    },
    DEADLINE_MS,
  );
});
