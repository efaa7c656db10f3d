// Starts a server and sends mutated sessions to it: see the usage below. The code is in services/testkit/src/load.
import { parseArgs } from 'node:util';
import { loadTestkit } from './lib/load-testkit.mjs';
import { root } from './lib/run.mjs';
import { complain } from './lib/terminal.mjs';

const usage = `Usage: scripts/fuzz [--sessions N] [--seed S] [--only INDEX]

Sends N sessions (100000) to a built coordinator of its own: recorded ones with bits flipped, parts cut out, spliced in from
others, doubled, the end missing, or something nasty put in between; a quarter of them with fields far too long. Each has to end
with a coded bye, each of its frames has to be read within its budget of processor time, two members have to go on undisturbed
meanwhile, and the server must not fail, nor keep anything of it. --seed repeats a run, --only one session of it.`;

process.exitCode = await main();

async function main() {
  const { values } = parseArgs({
    options: {
      sessions: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      only: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const [count, seed, only] = [values.sessions, values.seed, values.only ?? 0].map(Number);
  if (!(count > 0 && Number.isInteger(seed) && Number.isInteger(only))) {
    complain(`whole numbers, please\n\n${usage}`);
    return 2;
  }
  const testkit = await loadTestkit();
  if (testkit === undefined) return 2;
  try {
    const options = { repository: root, seed, first: only, count: values.only === undefined ? count : 1 };
    process.stdout.write(`${await testkit.runFuzz(options)}\n`);
    return 0;
  } catch (error) {
    complain(`seed ${seed}: ${error.message}`);
    return 1;
  }
}
