/** The faults of a fault run. Each strikes the member whose program runs, or the servers. */

import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../time/wait.js';
import type { SeededRandom } from '../inputs/seeded-random.js';
import type { Coordinator } from './coordinator.js';
import type { ProgramFleet } from './program-fleet.js';
import { type ProgramMember, signalAll } from './program-member.js';

/** What a fault acts on. */
export interface FaultTarget {
  readonly fleet: ProgramFleet;
  readonly coordinator: Coordinator;
  readonly leader: ProgramMember;
  readonly random: SeededRandom;
  /** Runs rankctl with the admin token in the group of the leader. */
  readonly administer: (...args: readonly string[]) => Promise<void>;
  /** Records that rankctl is killed at this moment, and nothing else. */
  readonly recordKill: () => void;
}

/** Strikes. Resolves when the fault is over. */
export type Fault = (target: FaultTarget) => Promise<void>;

/** Ten times as long as rankctl may need to notice that its guard has died, ms. */
const NOTICED_MS = 5000;

/** The faults, by name. */
export const faults = {
  'kill rankctl': async ({ leader, recordKill }) => {
    recordKill();
    leader.rankctl.kill('SIGKILL');
    await Promise.resolve();
  },
  'kill rankctl while its guard is slow': async ({ leader }) => {
    // The guard keeps the connection open, if it is open. rankctl and its guard together are not covered after a reset (R-PROG-5).
    await eventually(NOTICED_MS, 'rankctl to notice', () => leader.hasNoticedReset || undefined);
    const { guards } = leader;
    signalAll(guards, 'SIGSTOP');
    leader.rankctl.kill('SIGKILL');
    await sleep(500);
    signalAll(guards, 'SIGCONT');
  },
  'kill the guard': async ({ leader }) => {
    const { guards, lastEnd: before } = leader;
    if (guards.length === 0) return;
    signalAll(guards, 'SIGKILL');
    // Nothing protects the program if rankctl is killed before it has noticed, and has killed the program (R-PROG-5). If the session has
    // ended already, rankctl kills the program for that reason, and does not report the death of the guard.
    await eventually(NOTICED_MS, 'rankctl to notice', () => leader.lastEnd !== before || !leader.isUp || undefined);
  },
  'stop rankctl': async ({ leader, random }) => {
    leader.rankctl.kill('SIGSTOP');
    await sleep(random.between(100, 3500));
    leader.rankctl.kill('SIGCONT');
  },
  'end rankctl': async ({ leader }) => {
    leader.rankctl.kill('SIGTERM');
    await Promise.resolve();
  },
  'kill the program': async ({ leader }) => {
    const { program } = leader;
    if (program !== undefined) signalAll([program], 'SIGKILL');
    await Promise.resolve();
  },
  'cut one way to the server': async ({ leader: { proxy }, random }) => {
    proxy.treat('toServer', 'hold');
    await sleep(random.between(100, 3500));
    proxy.treat('toServer', 'pass');
  },
  'cut one way to the member': async ({ leader: { proxy }, random }) => {
    proxy.treat('toClient', 'hold');
    await sleep(random.between(100, 3500));
    proxy.treat('toClient', 'pass');
  },
  'reset the connection': async ({ leader }) => {
    leader.resetConnection();
    await Promise.resolve();
  },
  move: async ({ administer, leader }) => await administer('move', leader.name, '1'),
  remove: async ({ administer, leader }) => await administer('remove', leader.name),
  'freeze the servers': async ({ coordinator, random }) => {
    for (const index of coordinator.ports.keys()) await coordinator.signal(index, 'SIGSTOP');
    await sleep(random.between(100, 3000));
    for (const index of coordinator.ports.keys()) await coordinator.signal(index, 'SIGCONT');
  },
  'kill a server': async ({ coordinator, random }) => await restart(coordinator, random, 'SIGKILL'),
  'drain a server': async ({ coordinator, random }) => await restart(coordinator, random, 'SIGTERM'),
} as const satisfies Readonly<Record<string, Fault>>;

/** The name of a fault. */
export type FaultName = keyof typeof faults;

async function restart(coordinator: Coordinator, random: SeededRandom, by: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  const index = random.below(coordinator.ports.length);
  await coordinator.signal(index, by);
  await coordinator.launch(index);
}
