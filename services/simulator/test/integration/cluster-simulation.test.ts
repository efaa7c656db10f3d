import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ChildProcess, within } from '@rankd/testkit';
import { runSimulator } from './simulation-run.js';

/** Many times the usual duration. */
const DEADLINE_MS = 300_000;
const SEEDS = 30;
const STEPS = 150;

/** The checker must find each planted fault, also as this invariant, within this many seeds of this many steps. */
const SEEDS_MAX = 120;
const FAULT_STEPS = 300;

const planted = {
  'applied-unwritten': 'ORDER',
  'rewriting-unseen': 'ORDER',
  'fence-unchecked': 'FENCED',
  'retried-as-new': 'ONCE',
  'dropped-proposal': 'ONCE',
  'replica-unawaited': 'KEPT',
  'diverging-server': 'I2',
  'loss-unreported': 'FENCE',
  'held-epoch-ignored': 'FENCE',
  'dead-servers-believed': 'FENCE',
  'unknown-skipped': 'I10',
  'wall-times-believed': 'I11',
  'short-leases': 'ONE-LEADER',
  'close-believed': 'ONE-LEADER',
};

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

  describe('with a planted fault', () => {
    let found: Readonly<Record<string, readonly string[]>>;

    beforeAll(async () => {
      const program = resolve(__dirname, 'programs/find-cluster-faults.mjs');
      const child = new ChildProcess(process.execPath, [
        ...[program, String(SEEDS_MAX), String(FAULT_STEPS), JSON.stringify(planted)],
      ]);
      expect(await within(DEADLINE_MS, 'the program', child.exited)).toMatchObject({ code: 0 });
      found = JSON.parse(child.lines.at(-1) ?? '{}') as typeof found;
    }, DEADLINE_MS);

    it('runs with each planted fault', () => {
      expect(Object.keys(found).sort()).toEqual(Object.keys(planted).sort());
    });

    it.each(Object.entries(planted))('detects %s, which breaks %s', (name, invariant) => {
      expect(found[name]).toContain(invariant);
    });
  });

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
