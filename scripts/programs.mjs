// Strikes programs of `rankctl lead` and `rankctl once` with random faults: see the usage below. The code is in
// services/testkit/src/program-faults.
import { parseArgs } from 'node:util';
import { loadTestkit } from './lib/load-testkit.mjs';
import { root } from './lib/run.mjs';
import { complain } from './lib/terminal.mjs';

const usage = `Usage: npm run test:programs -- [--faults N] [--seed N] [--cluster] [--tls] [--only NAME,…] [--rankctl SCRIPT]

Starts a server (with --cluster: three) and five members: three of rankctl lead, two of rankctl once. Each program appends its process id,
its fence and the monotonic clock to a file, 200 times a second. Strikes N times (default: 200) with a fault that the seed chooses: kills,
stops and ends rankctl, its guard and the program; cuts connections one way; moves and removes members; freezes, kills and drains servers.

Exits with 1 if two programs of one verb were alive at the same time. Prints how long programs lived after their rankctl was killed.`;

process.exitCode = await main();

async function main() {
  const { values } = parseArgs({
    options: {
      faults: { type: 'string', default: '200' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      cluster: { type: 'boolean', default: false },
      tls: { type: 'boolean', default: false },
      only: { type: 'string' },
      rankctl: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const testkit = await loadTestkit();
  if (testkit === undefined) return 2;
  const names = values.only?.split(',');
  const unknown = names?.find(name => !Object.hasOwn(testkit.faults, name));
  const [count, seed] = [Number(values.faults), Number(values.seed)];
  if (unknown !== undefined || !(count > 0) || !Number.isInteger(seed)) {
    complain(
      `--faults and --seed take whole numbers, --only some of: ${Object.keys(testkit.faults).join(', ')}\n\n${usage}`,
    );
    return 2;
  }
  const print = line => process.stdout.write(`${line}\n`);
  print(`seed ${seed}`);
  const { violations, programs, fatesMs } = await testkit.runProgramFaults({
    ...{ repository: root, seed, count, names, rankctl: values.rankctl, log: print },
    transport: values.tls ? 'tls' : 'tcp',
    mode: values.cluster ? 'cluster' : 'standalone',
  });
  for (const violation of violations) complain(violation);
  const at = share => (fatesMs[Math.min(fatesMs.length - 1, Math.floor(share * fatesMs.length))] ?? 0).toFixed(0);
  print(`${programs} programs, ${violations.length} violations of "never two at once"`);
  print(`${fatesMs.length} programs whose rankctl was killed lived on for ${at(0.5)} ms (median), ${at(1)} ms at most`);
  return violations.length === 0 ? 0 : 1;
}
