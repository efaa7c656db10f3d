/**
 * Plants each fault of a cluster and prints, as JSON, the invariants that its violations name, up to the wanted one. A fault may break
 * others too. A process of its own: a simulated cluster listens to the process for unhandled rejections.
 */

import { clusterFaults } from '../../../dist/cluster/cluster-faults.js';
import { simulateCluster } from '../../../dist/cluster/simulate-cluster.js';

const [seeds, steps] = process.argv.slice(2, 4).map(Number);
const wanted = JSON.parse(process.argv[4]);
// Simulated sessions create many errors, and stack traces would dominate the run time.
Error.stackTraceLimit = 1;

const invariants = {};
for (const [name, fault] of Object.entries(clusterFaults)) invariants[name] = await findInvariants(fault, wanted[name]);
process.stdout.write(`${JSON.stringify(invariants)}\n`);

async function findInvariants(fault, wantedInvariant) {
  const found = [];
  for (let seed = 0; seed < seeds && !found.includes(wantedInvariant); seed += 1) {
    const outcome = await simulateCluster(seed, steps, { fault });
    if (outcome.kind === 'broken') found.push(outcome.violation.invariant);
  }
  return found;
}
