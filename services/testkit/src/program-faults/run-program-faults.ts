/** Strikes programs of `rankctl lead` and `rankctl once` with random faults, and checks that no two of them were alive at the same time. */

import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { SeededRandom } from '../inputs/seeded-random.js';
import { ChildProcess } from '../processes/child-process.js';
import { DevelopmentCertificates } from '../processes/development-certificates.js';
import { launchRedis } from '../redis/launch-redis.js';
import { Coordinator } from './coordinator.js';
import { type FaultName, faults } from './faults.js';
import { ProgramFleet, type Task } from './program-fleet.js';
import type { ProgramMember } from './program-member.js';
import { findFates } from './trace.js';

/** The settings of a fault run. */
export interface ProgramFaultsOptions {
  /** The root directory of the checkout. */
  readonly repository: string;
  readonly seed: number;
  readonly count: number;
  readonly transport: 'tcp' | 'tls';
  readonly mode: 'standalone' | 'cluster';
  /** The script of rankctl. Default: the bundle of the checkout. */
  readonly rankctl?: string;
  /** The faults to choose from. Default: all. */
  readonly names?: readonly FaultName[];
  /** Receives a line for each fault. */
  readonly log?: (line: string) => void;
}

/** What to end after a run, in the order of its start. */
type Disposers = (() => Promise<void>)[];

/** The result of a fault run. */
export interface ProgramFaultsReport {
  readonly violations: readonly string[];
  /** How many programs have run. */
  readonly programs: number;
  /** For how long programs continued to write after their rankctl was killed, ms, in rising order. */
  readonly fatesMs: readonly number[];
}

/** The leases are short, so that a fault takes few seconds. The slack is 800 ms. */
const settings = {
  ...{ RANKD_HEARTBEAT_MS: '200', RANKD_SUSPEND_MS: '1200', RANKD_DEAD_MS: '1600', RANKD_DRAIN_MS: '200' },
  ...{ RANKD_ADMIN_TOKEN: 'admin', RANKD_REFORM_MS: '500' },
};

/**
 * Runs the faults one after the other, and waits after each until a program runs again.
 * @throws Error if no program runs again
 */
export async function runProgramFaults(options: ProgramFaultsOptions): Promise<ProgramFaultsReport> {
  const disposers: Disposers = [];
  try {
    return await strike(options, disposers);
  } finally {
    for (const dispose of disposers.reverse()) await dispose();
  }
}

async function strike(options: ProgramFaultsOptions, disposers: Disposers): Promise<ProgramFaultsReport> {
  const { repository, seed, count, transport, mode, log = () => undefined } = options;
  const random = new SeededRandom(seed);
  const rankctl = options.rankctl ?? join(repository, 'services/cli/bundle/main.js');
  const { serverEnv, clientEnv } = await environments(options, disposers);
  const coordinator = await Coordinator.start({ repository, servers: mode === 'cluster' ? 3 : 1, env: serverEnv });
  disposers.push(async () => await coordinator.dispose());
  const { ports: serverPorts } = coordinator;
  const probe = join(repository, 'services/testkit/dist/program-faults/probe-program.js');
  const fleet = await ProgramFleet.start({ rankctl, probe, env: clientEnv, transport, serverPorts, random });
  disposers.push(async () => await fleet.dispose());
  const kills: { readonly task: Task; readonly atNs: bigint }[] = [];
  for (let struck = 0; struck < count;) {
    const task = fleet.tasks[random.chance(0.7) ? 0 : 1] as Task;
    const leader = fleet.leaderOf(task);
    const name = chooseFault(options, task, random);
    if (leader !== undefined) {
      struck += 1;
      log(`${struck}: ${name}, ${leader.name} of ${task.verb[0]}`);
      const administer = async (...args: readonly string[]): Promise<void> =>
        await administerTask(task, leader, args, options, clientEnv);
      await faults[name]({
        fleet,
        coordinator,
        leader,
        random,
        administer,
        recordKill: () => kills.push({ task, atNs: process.hrtime.bigint() }),
      });
    }
    // A second fault may strike while the group recovers from the first.
    if (!isServerFault(name) && random.chance(0.25)) continue;
    await fleet.refill();
    for (const each of fleet.tasks) await fleet.waitForProgram(each);
    await sleep(random.between(0, 300));
    if (fleet.violations().length > 0) break;
  }
  const programs = fleet.tasks.flatMap(task => fleet.tenures(task)).length;
  const fatesMs = fleet.tasks.flatMap(task => {
    const moments = kills.filter(kill => kill.task === task).map(({ atNs }) => atNs);
    return findFates(fleet.tenures(task), moments);
  });
  return { violations: fleet.violations(), programs, fatesMs: fatesMs.sort((a, b) => a - b) };
}

function isServerFault(name: FaultName): boolean {
  return name === 'kill a server' || name === 'drain a server' || name === 'freeze the servers';
}

function chooseFault({ names }: ProgramFaultsOptions, { verb }: Task, random: SeededRandom): FaultName {
  const all = names ?? (Object.keys(faults) as FaultName[]);
  // When the program of `once` exits, all members of `once` end. So this fault is not for `once`.
  const possible = verb[0] === 'once' ? all.filter(name => name !== 'kill the program') : all;
  return possible[random.below(possible.length)] ?? 'kill rankctl';
}

async function administerTask(
  { verb }: Task,
  leader: ProgramMember,
  args: readonly string[],
  { repository, transport }: ProgramFaultsOptions,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const url = `${transport === 'tls' ? 'rankds' : 'rankd'}://localhost:${leader.proxy.port}`;
  const group = verb[0] === 'lead' ? 'beat' : 'once.task';
  const script = join(repository, 'services/cli/bundle/main.js');
  const rankctl = new ChildProcess(process.execPath, [script, '--url', url, '--group', group, ...args], {
    env,
    cwd: '/',
  });
  await rankctl.exited;
}

/** Returns the environments of the servers and of the members. */
async function environments(
  { repository, transport, mode }: ProgramFaultsOptions,
  disposers: Disposers,
): Promise<Record<'serverEnv' | 'clientEnv', Record<string, string>>> {
  const serverEnv: Record<string, string> = { ...settings };
  const clientEnv: Record<string, string> = { RANKD_ADMIN_TOKEN: settings.RANKD_ADMIN_TOKEN };
  if (transport === 'tls') {
    const certificates = await DevelopmentCertificates.make(repository);
    disposers.push(async () => await certificates.dispose());
    Object.assign(serverEnv, {
      RANKD_TLS_CERT: certificates.path('server.pem'),
      RANKD_TLS_KEY: certificates.path('server-key.pem'),
    });
    clientEnv['RANKD_TLS_CA'] = certificates.path('ca.pem');
  }
  if (mode === 'cluster') {
    const redis = await launchRedis();
    disposers.push(async () => await redis.dispose());
    Object.assign(serverEnv, { RANKD_MODE: 'cluster', RANKD_SHARDS: '2', RANKD_REDIS_URL: redis.url });
  }
  return { serverEnv, clientEnv };
}
