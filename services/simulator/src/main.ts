/** The command line of the simulator: runs seeds and prints those that break an invariant. */

import { parseArgs } from 'node:util';
import { clusterFaults, noClusterFault } from './cluster/cluster-faults.js';
import { simulateCluster } from './cluster/simulate-cluster.js';
import { plantedBugs, noBugs } from './planted-bugs.js';
import { simulate, type Outcome } from './simulate.js';
import type { WriteTrace } from './world.js';

const usage = `Usage: simulator [--seed N] [--seeds N] [--steps N] [--minutes M] [--fault NAME] [--transcript]
       simulator --cluster, with the same options

Runs --seeds seeds, or seeds for --minutes minutes, from --seed on. Prints each seed that breaks an invariant, and how to run it
again. The last line is JSON. Exits with 1 if an invariant was broken.
With --cluster: several servers on one simulated Redis.
Faults to plant: ${Object.keys(plantedBugs).join(', ')};
with --cluster: ${Object.keys(clusterFaults).join(', ')}`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '0' },
    seeds: { type: 'string', default: '1' },
    stride: { type: 'string', default: '1' },
    steps: { type: 'string', default: '500' },
    minutes: { type: 'string' },
    cluster: { type: 'boolean', default: false },
    fault: { type: 'string' },
    transcript: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(`${usage}\n`);
else process.exitCode = await run();

/** Runs the program. Returns the exit code. */
async function run(): Promise<number> {
  const startedMs = performance.now();
  const untilMs = values.minutes === undefined ? Infinity : startedMs + Number(values.minutes) * 60_000;
  const seeds = values.minutes === undefined ? Number(values.seeds) : Infinity;
  const steps = Number(values.steps);
  const writeTrace = values.transcript
    ? (atMs: number, line: string): void => void process.stdout.write(`${atMs} ${line}\n`)
    : undefined;
  // Simulated sessions create many errors, and stack traces would dominate the run time.
  if (writeTrace === undefined) Error.stackTraceLimit = 1;
  const broken: string[] = [];
  let done = 0;
  for (; done < seeds && performance.now() < untilMs; done += 1) {
    const seed = Number(values.seed) + done * Number(values.stride);
    const outcome = await simulateOne(seed, steps, writeTrace);
    if (outcome.kind === 'held') continue;
    const { step, violation } = outcome;
    broken.push(violation.invariant);
    process.stdout.write(`seed ${seed} step ${step} of ${steps}: ${violation.message}\n`);
    if (values.fault === undefined)
      process.stdout.write(
        `  again: scripts/simulate ${values.cluster ? '--cluster ' : ''}--seed ${seed} --seeds 1 --steps ${steps} --transcript\n`,
      );
    else break;
  }
  const seconds = (performance.now() - startedMs) / 1000;
  process.stdout.write(
    `${JSON.stringify({ seeds: done, steps: done * steps, seconds: Number(seconds.toFixed(2)), broken })}\n`,
  );
  return broken.length === 0 ? 0 : 1;
}

async function simulateOne(seed: number, steps: number, writeTrace: WriteTrace | undefined): Promise<Outcome> {
  if (values.cluster)
    return await simulateCluster(seed, steps, { fault: findFault(clusterFaults, noClusterFault), writeTrace });
  return simulate(seed, steps, { fault: findFault(plantedBugs, noBugs), writeTrace });
}

function findFault<T>(among: Readonly<Record<string, T>>, none: T): T {
  const fault = values.fault === undefined ? none : among[values.fault];
  if (fault === undefined) throw new Error(`no such fault: ${values.fault ?? ''}\n${usage}`);
  return fault;
}
