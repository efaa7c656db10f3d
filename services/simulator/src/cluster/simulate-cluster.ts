import { toViolation, type Outcome } from '../simulate.js';
import { runClusterStep } from './cluster-workload.js';
import { beginsWithUnreadLoss, loseUnreadRecords } from './scenarios/unread-loss.js';
import { ClusterWorld, type ClusterWorldOptions } from './cluster-world.js';

/** Simulates a cluster for a number of steps and checks its final state. The same seed always has the same result. */
export async function simulateCluster(seed: number, steps: number, options?: ClusterWorldOptions): Promise<Outcome> {
  let taken = 0;
  const world = new ClusterWorld(seed, options);
  const threw = (error: unknown): void => world.checker.recordError(error);
  process.on('uncaughtException', threw);
  process.on('unhandledRejection', threw);
  try {
    await world.start();
    if (world.mayLoseRecords && beginsWithUnreadLoss(seed)) await loseUnreadRecords(world, seed);
    for (; taken < steps; taken += 1) await runClusterStep(world, taken);
    await world.settle();
    return { kind: 'held' };
  } catch (error) {
    return { kind: 'broken', seed, step: taken, violation: toViolation(error) };
  } finally {
    process.off('uncaughtException', threw);
    process.off('unhandledRejection', threw);
  }
}
