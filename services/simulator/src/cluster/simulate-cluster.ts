import { violationOf, type Outcome } from '../simulate.js';
import { clusterStep } from './cluster-workload.js';
import { ClusterWorld, type ClusterWorldOptions } from './cluster-world.js';

/** Runs one world of several servers for so many steps, and lets it settle. The same seed does the same, always. */
export async function simulateCluster(seed: number, steps: number, options?: ClusterWorldOptions): Promise<Outcome> {
  let taken = 0;
  const world = new ClusterWorld(seed, options);
  const threw = (error: unknown): void => world.checker.threw(error);
  process.on('uncaughtException', threw);
  process.on('unhandledRejection', threw);
  try {
    await world.begin();
    for (; taken < steps; taken += 1) await clusterStep(world, taken);
    await world.settle();
    return { kind: 'held' };
  } catch (error) {
    return { kind: 'broken', seed, step: taken, violation: violationOf(error) };
  } finally {
    process.off('uncaughtException', threw);
    process.off('unhandledRejection', threw);
  }
}
