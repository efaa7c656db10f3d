/**
 * Plants each fault of a cluster and prints, as JSON, the invariant that its first violation names. A process of its own: a
 * simulated cluster listens to the process for unhandled rejections.
 */

import { clusterFaults } from '../../../dist/cluster/cluster-faults.js';
import { simulateCluster } from '../../../dist/cluster/simulate-cluster.js';

const [seeds, steps] = process.argv.slice(2).map(Number);
// Simulated sessions create many errors, and stack traces would dominate the run time.
Error.stackTraceLimit = 1;

const invariants = {};
for (const [name, fault] of Object.entries(clusterFaults)) invariants[name] = await firstInvariant(fault);
process.stdout.write(`${JSON.stringify(invariants)}\n`);

async function firstInvariant(fault) {
  for (let seed = 0; seed < seeds; seed += 1) {
    const outcome = await simulateCluster(seed, steps, { fault });
    if (outcome.kind === 'broken') return outcome.violation.invariant;
  }
  return 'none';
}
