// Holds 1,000 members that join and leave, and reports which resources of the server grow: see the usage below. The code is in
// services/testkit/src/load.
import { parseArgs } from 'node:util';
import { loadTestkit } from './lib/load-testkit.mjs';
import { root } from './lib/run.mjs';
import { complain } from './lib/terminal.mjs';

const usage = `Usage: scripts/soak [--minutes M] [--members N] [--churn PER_SECOND]

Starts a built coordinator of its own, holds N members (1000) for M minutes (20), of whom so many (10) a second go, by goodbye,
FIN and RST in turn, and are replaced, while the leader orders everyone once a second. Then it reports the slopes of the
server's memory, descriptors and timers, in the last three quarters of that time. Exits with 0 if nobody was lost who did not go.`;

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
    complain(`numbers over 0, please\n\n${usage}`);
    return 2;
  }
  const testkit = await loadTestkit();
  if (testkit === undefined) return 2;
  const [minutes, members, churnPerSecond] = wanted;
  const { summary, lostCount } = await testkit.runSoak({ repository: root, minutes, members, churnPerSecond });
  process.stdout.write(`${summary}\n`);
  return lostCount === 0 ? 0 : 1;
}
