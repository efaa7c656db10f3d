// Floods a server in many ways and reports what its members notice: see the usage below. The code is in services/testkit/src/load/attack.
import { parseArgs } from 'node:util';
import { loadTestkit } from './lib/load-testkit.mjs';
import { root } from './lib/run.mjs';
import { complain } from './lib/terminal.mjs';

const usage = `Usage: npm run test:attack -- [--seconds S] [--attackers N] [--crowd N] [--tolerated MS] [--servers N] [--flood NAME]…

Starts a built server with 512 MiB of heap. In each flood N attackers (default: 40) send as much as they can for S seconds
(default: 3), while other members ping the server. Prints for each flood the 99th percentile of their answers, without and with
the flood, and the memory of the server. Exits with 0 if in each flood they took at most ten times as long as without it or 100
ms, no member inside was closed, and the memory of the server stayed within the table in docs/reliability/limits.md.

  --crowd N       adds N members below the attackers, which only answer pings (default: 0)
  --tolerated MS  replaces the 100 ms
  --servers N     attacks the first of N servers of a cluster with its own Redis (default: 0, a server without Redis); the crowd is
                  at the last one, members of all servers send commands instead of pings, and no server may end its incarnation
  --flood NAME    runs only this flood`;

process.exitCode = await main();

async function main() {
  const options = {
    seconds: { type: 'string', default: '3' },
    attackers: { type: 'string', default: '40' },
    crowd: { type: 'string', default: '0' },
    tolerated: { type: 'string', default: '100' },
    servers: { type: 'string', default: '0' },
    flood: { type: 'string', multiple: true },
    help: { type: 'boolean' },
  };
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const { seconds, attackers, crowd, tolerated, servers } = values;
  const wanted = [seconds, attackers, crowd, tolerated, servers].map(Number);
  if (!(wanted[0] > 0 && wanted[1] >= 1 && wanted.slice(2).every(number => number >= 0))) {
    complain(
      `--seconds and --attackers take numbers above 0, --crowd, --tolerated and --servers 0 or more\n\n${usage}`,
    );
    return 2;
  }
  const testkit = await loadTestkit();
  if (testkit === undefined) return 2;
  const floods = values.flood ?? testkit.floodNames;
  const unknown = floods.find(name => !testkit.floodNames.includes(name));
  if (unknown !== undefined) {
    complain(`no such flood: ${unknown}; the floods are ${testkit.floodNames.join(', ')}`);
    return 2;
  }
  const print = line => process.stdout.write(`${line}\n`);
  const [floodSeconds, attackerCount, crowdCount, toleratedMs, serverCount] = wanted;
  const size = {
    servers: serverCount,
    attackers: attackerCount,
    crowd: crowdCount,
    floodMs: floodSeconds * 1000,
    toleratedMs,
  };
  try {
    const reports = await testkit.runAttack({ repository: root, floods, ...size, print });
    return reports.every(({ faults }) => faults.length === 0) ? 0 : 1;
  } catch (error) {
    complain(error.message);
    return 1;
  }
}
