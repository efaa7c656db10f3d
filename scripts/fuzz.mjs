// Starts a server and sends mutated sessions to it: see the usage below. The code is in services/testkit/src/load.
import { parseArgs } from 'node:util';
import { loadTestkit } from './lib/load-testkit.mjs';
import { root } from './lib/run.mjs';
import { complain } from './lib/terminal.mjs';

const usage = `Usage: scripts/fuzz [--sessions N] [--seed S] [--only INDEX]

Starts a built server and sends it N mutated sessions (default: 100000). A session is a recorded one with flipped bits, with
parts removed, doubled, or taken from another session, without its end, or with hostile text inserted. A quarter of the sessions
have fields that are much too long.

Each session must end with a bye that has a code. The server must read each frame within its limit of CPU time, must not fail,
and must release all resources of the sessions. At the same time two members must work undisturbed. Exits with 0 if all this held.

  --seed S      repeats the run with seed S
  --only INDEX  sends only the session with this index of the run`;

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
    complain(`--sessions, --seed and --only take whole numbers, and --sessions at least 1\n\n${usage}`);
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
