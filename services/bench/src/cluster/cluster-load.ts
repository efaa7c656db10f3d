/** Commands and results in many groups of a cluster. */

import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError } from '../servers/child.js';
import type { ClusterFleet, Spent } from './cluster-fleet.js';
import { ClusterPair } from './cluster-pair.js';
import { quantile } from '../rows/statistics.js';

/** The log entries of one command: the command and its result. */
const ENTRIES_A_COMMAND = 2;
/** How long to wait for the first commands to end, ms. Also how long to wait for the last commands after the measurement. */
const endMs = 30_000;

/** The load of one measurement. */
export interface ClusterLoad {
  readonly groups: number;
  /** The number of open commands over all groups. */
  readonly inFlight: number;
  readonly warmS: number;
  readonly measureS: number;
}

/** The result of one measurement. */
export interface ClusterSample {
  readonly entriesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The CPU time of all servers together for one log entry, µs. */
  readonly serverUsPerEntry: number;
  readonly redisUsPerEntry: number;
}

/**
 * Measures a cluster. Every group has two members, on two different servers if there are several.
 * @throws BenchError
 */
export async function measureCluster(fleet: ClusterFleet, load: ClusterLoad, name: string): Promise<ClusterSample> {
  const pairs = await joinPairs(fleet, load.groups, name);
  try {
    const inFlight = Math.max(1, Math.round(load.inFlight / load.groups));
    const running = Promise.all(pairs.map(async pair => await pair.run(inFlight)));
    await Promise.race([running, sleep(load.warmS * 1000)]);
    const before = spanOf(pairs, fleet.spent);
    await Promise.race([running, untilMeasured(load, pairs, before), late('measured')]);
    const after = spanOf(pairs, fleet.spent);
    for (const pair of pairs) pair.stop();
    await Promise.race([running, late('ended')]);
    return sampleBetween(before, after, pairs);
  } finally {
    for (const pair of pairs) pair.end();
  }
}

async function joinPairs({ dials }: ClusterFleet, groups: number, name: string): Promise<ClusterPair[]> {
  const pairs: ClusterPair[] = [];
  for (let index = 0; index < groups; index += 1) {
    const [at, otherAt] = [dials[index % dials.length], dials[(index + 1) % dials.length]];
    if (at !== undefined && otherAt !== undefined) pairs.push(await ClusterPair.join(`${name}-${index}`, at, otherAt));
  }
  return pairs;
}

interface Moment {
  readonly atMs: number;
  readonly spent: Spent;
  /** How many commands of each pair had ended. */
  readonly ended: readonly number[];
}

function spanOf(pairs: readonly ClusterPair[], spent: Spent): Moment {
  return { atMs: performance.now(), spent, ended: pairs.map(({ timesMs }) => timesMs.length) };
}

function sampleBetween(before: Moment, after: Moment, pairs: readonly ClusterPair[]): ClusterSample {
  const timesMs = pairs.flatMap((pair, index) => pair.timesMs.slice(before.ended[index], after.ended[index]));
  const entries = ENTRIES_A_COMMAND * timesMs.length;
  return {
    entriesPerSecond: (entries / (after.atMs - before.atMs)) * 1000,
    p50Ms: quantile(timesMs, 0.5),
    p99Ms: quantile(timesMs, 0.99),
    serverUsPerEntry: ((after.spent.serversMs - before.spent.serversMs) / entries) * 1000,
    redisUsPerEntry: ((after.spent.redisMs - before.spent.redisMs) / entries) * 1000,
  };
}

/** Waits for `measureS` seconds. If no command has ended in that time, because the machine is busy, waits for the first one. */
async function untilMeasured({ measureS }: ClusterLoad, pairs: readonly ClusterPair[], since: Moment): Promise<void> {
  await sleep(measureS * 1000);
  while (pairs.every(({ timesMs }, index) => timesMs.length === since.ended[index])) await sleep(20);
}

async function late(what: string): Promise<never> {
  await sleep(endMs, undefined, { ref: false });
  throw new BenchError(`no command has ${what} within ${endMs / 1000} s`);
}
