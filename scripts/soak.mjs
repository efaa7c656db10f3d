// Holds 1,000 members that join and leave, and reports which resources of the server grow: see the usage below. The code is in
// services/testkit/src/load.
import { parseArgs } from 'node:util';
import { loadTestkit } from './lib/load-testkit.mjs';
import { root } from './lib/run.mjs';
import { complain } from './lib/terminal.mjs';

const usage = `Usage: scripts/soak [--minutes M] [--members N] [--churn PER_SECOND]

Starts a built server and keeps N members (default: 1000) for M minutes (default: 20). Each second PER_SECOND members
(default: 10) leave, by leave, FIN or RST in turn, and are replaced. Once a second the leader sends a command to all members.

At the end it reports how the memory, the descriptors and the timers of the server grew in the last three quarters of the time.
Exits with 0 if no member was lost.`;

process.exitCode = await main();

async function main() {
  const options = {
    minutes: { type: 'string' },
    members: { type: 'string' },
    churn: { type: 'string' },
    help: { type: 'boolean' },
  };
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const wanted = [values.minutes ?? 20, values.members ?? 1000, values.churn ?? 10].map(Number);
  if (!wanted.every(value => value > 0)) {
    complain(`--minutes, --members and --churn take numbers above 0\n\n${usage}`);
    return 2;
  }
  const testkit = await loadTestkit();
  if (testkit === undefined) return 2;
  const [minutes, members, churnPerSecond] = wanted;
  const { summary, lostCount } = await testkit.runSoak({ repository: root, minutes, members, churnPerSecond });
  process.stdout.write(`${summary}\n`);
  return lostCount === 0 ? 0 : 1;
}
