// Runs the simulator on every core, one seed after another: see the usage below.
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, ensureInstalled, PreparationError } from './lib/install.mjs';
import { root, run } from './lib/run.mjs';
import { complain, say } from './lib/terminal.mjs';

const usage = `Usage: scripts/simulate [--minutes M | --seeds N] [--seed N] [--steps N] [--fault NAME] [--transcript] [--cluster]

Runs the real core, the real gateway and the real suspension logic in a simulated world with virtual time. Each seed decides
on its faults. Prints each seed that breaks an invariant, with the command that runs it again. Exits with 0 if none did.

  --minutes M   runs seeds for M minutes (default: 1)
  --seeds N     runs N seeds
  --seed N      the first seed (default: a random one)
  --steps N     the number of steps of each seed (default: 500)
  --fault NAME  plants this fault, to show that the invariants find it
  --transcript  prints every message and event
  --cluster     simulates several servers on one simulated Redis, with the real cluster log`;

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof PreparationError) complain(`${error.message}\n${error.output}`);
  else complain(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}

async function main() {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      minutes: { type: 'string' },
      seeds: { type: 'string' },
      seed: { type: 'string' },
      steps: { type: 'string', default: '500' },
      fault: { type: 'string' },
      transcript: { type: 'boolean' },
      cluster: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  await ensureInstalled();
  await build();
  const from = number('seed', values.seed ?? String(randomInt(2 ** 31)));
  say(`simulating: first seed ${from}, ${number('steps', values.steps)} steps each`);
  return simulate(from, values);
}

/** Runs one process for each core. The processes take the seeds in turn. */
async function simulate(from, { minutes, seeds, steps, fault, transcript, cluster }) {
  const seedsMax = seeds === undefined ? Infinity : number('seeds', seeds);
  const processes = Math.min(seedsMax, availableParallelism());
  const codes = Array.from({ length: processes }, async (_, index) => {
    const share = Math.ceil((seedsMax - index) / processes);
    const howLong =
      seeds === undefined ? ['--minutes', String(number('minutes', minutes ?? '1'))] : ['--seeds', String(share)];
    const rest = [
      ...(fault === undefined ? [] : ['--fault', fault]),
      ...(transcript ? ['--transcript'] : []),
      ...(cluster ? ['--cluster'] : []),
    ];
    const which = ['--seed', String(from + index), '--stride', String(processes), '--steps', steps];
    const program = join(root, 'services/simulator/dist/main.js');
    const { code } = await run(process.execPath, [program, ...which, ...howLong, ...rest], { show: true });
    return code;
  });
  return (await Promise.all(codes)).every(code => code === 0) ? 0 : 1;
}

function number(name, text) {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new Error(`--${name} takes a number of 0 or more, not "${text}"`);
  return value;
}
