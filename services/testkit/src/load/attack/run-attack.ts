/** The program behind scripts/attack: what members notice while others flood the server. */

import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { at } from '../../fixture/frames.js';
import { ChildProcess } from '../../processes/child-process.js';
import type { LaunchedServer } from '../../processes/launch-server.js';
import { launchAttacked } from './attacked-servers.js';
import { ATTACKED_GROUP, type Flood, type FloodName, floods } from './floods.js';
import { InsiderProbe } from './insider-probe.js';

const HEAP_MIB = 512;
const READY_MS = 30_000;
const RATIO_MAX = 10;
/** The memory that docs/reliability/limits.md gives for a server, with the default RANKD_UNREAD_BYTES_MAX. */
const PROCESS_MIB = 60;
/** Before V8 collects the whole heap, the garbage may take as much memory as the objects in use. */
const GARBAGE_FACTOR = 2;
const MEMBER_MIB = 0.01;
const WAITING_SESSION_MIB = 0.25;
const UNREAD_MIB = 128;
const AWAITED_MIB = 96;
const KIB_PER_MIB = 1024;
const FLOODER = fileURLToPath(new URL('flooder-main.js', import.meta.url));
const CROWD = fileURLToPath(new URL('crowd-main.js', import.meta.url));
const CROWD_MS = 120_000;

/** How to attack. */
export interface AttackOptions {
  /** The root directory of the checkout. */
  readonly repository: string;
  /** The number of servers of a cluster on one Redis. 0: a server without Redis. The attackers connect to the first server. */
  readonly servers: number;
  readonly floods: readonly FloodName[];
  readonly attackers: number;
  /** The number of members below the attackers. They only answer pings, and connect to the last server. */
  readonly crowd: number;
  /** How long each flood lasts, ms. */
  readonly floodMs: number;
  /** Settings of the server. */
  readonly env?: Readonly<Record<string, string>>;
  /** A slower p99 than this is a fault only if it is also more than ten times the p99 without a flood, ms. */
  readonly toleratedMs: number;
  /** Receives a line about each flood when it is over. */
  readonly print: (line: string) => void;
}

/** What the members inside noticed of one flood. */
export interface AttackReport {
  readonly flood: FloodName;
  readonly calmP99Ms: number;
  readonly p99Ms: number;
  /** The resident memory of the largest server before the flood, MiB. */
  readonly calmMib: number;
  /** The largest resident memory of a server during the flood, MiB. */
  readonly residentMib: number;
  readonly faults: readonly string[];
}

/**
 * Starts built servers with 512 MiB of heap each and floods the first one with each of the floods, one after another.
 * @throws Error if a server ends
 */
export async function runAttack(options: AttackOptions): Promise<AttackReport[]> {
  const membersMax = String(Math.max(100, options.attackers + options.crowd));
  const env = { NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}`, RANKD_MEMBERS_MAX: membersMax, ...options.env };
  const { servers, dispose } = await launchAttacked(options.repository, options.servers, env);
  const ended = servers.map(async ({ childProcess }) => {
    const { code, signal } = await childProcess.exited;
    throw new Error(`a server ended with ${signal ?? code}:\n${childProcess.output}`);
  });
  try {
    return await Promise.race([...ended, attackServers(servers, options)]);
  } finally {
    for (const each of ended) each.catch(() => undefined);
    await dispose();
  }
}

async function attackServers(servers: readonly LaunchedServer[], options: AttackOptions): Promise<AttackReport[]> {
  const reports: AttackReport[] = [];
  for (const name of options.floods) {
    const report = await withAttackers(servers, name, options);
    reports.push(report);
    options.print(lineOf(report));
  }
  return reports;
}

/** Connects the attackers to the first server, then the crowd to the last one, so that the attackers may command it. */
async function withAttackers(
  servers: readonly LaunchedServer[],
  name: FloodName,
  options: AttackOptions,
): Promise<AttackReport> {
  const [first, last] = [at(servers, 0), at(servers, servers.length - 1)];
  const flooderArgs = [FLOODER, String(first.port), String(first.httpPort), name, String(options.attackers)];
  const flooder = new ChildProcess(process.execPath, flooderArgs);
  const crowdArgs = [CROWD, String(last.port), ATTACKED_GROUP, String(options.crowd)];
  const crowd = new ChildProcess(process.execPath, crowdArgs);
  const probes: InsiderProbe[] = [];
  try {
    await flooder.line(line => line === 'ready', READY_MS);
    if (options.crowd > 0) await crowd.line(line => line === 'ready', CROWD_MS);
    const asks = options.servers === 0 ? 'pings' : 'commands';
    for (const { port } of servers) probes.push(await InsiderProbe.start(port, asks));
    return await runFlood(servers, name, { flooder, probes, options });
  } finally {
    for (const probe of probes) probe.stop();
    await Promise.all([flooder.dispose(), crowd.dispose()]);
  }
}

interface FloodRun {
  readonly flooder: ChildProcess;
  readonly probes: readonly InsiderProbe[];
  readonly options: AttackOptions;
}

async function runFlood(servers: readonly LaunchedServer[], name: FloodName, run: FloodRun): Promise<AttackReport> {
  const { flooder, probes, options } = run;
  const flood: Flood = floods[name];
  const logs = servers.map(({ childProcess }) => childProcess.child.stdout);
  const takeP99Ms = (): number =>
    quantile(
      probes.flatMap(probe => probe.takeLatencies()),
      0.99,
    );
  for (const server of servers) await resetPeak(server);
  takeP99Ms();
  await pass(options.floodMs);
  const calmP99Ms = takeP99Ms();
  const calmMib = await peakMib(servers);
  if (flood.log === 'unread') for (const log of logs) log?.pause();
  flooder.kill('SIGUSR2');
  await pass(options.floodMs);
  for (const log of logs) log?.resume();
  const p99Ms = takeP99Ms();
  const faults: string[] = [];
  if (!(p99Ms <= Math.max(RATIO_MAX * calmP99Ms, options.toleratedMs)))
    faults.push(`p99 is more than ${RATIO_MAX} times the calm one`);
  const byes = probes.flatMap(probe => probe.byes);
  if (byes.length > 0) faults.push(`${byes.length} members inside were closed (${[...new Set(byes)].join('; ')})`);
  const residentMib = await peakMib(servers);
  const residentMibMax = memoryMibMax(options);
  if (residentMib > residentMibMax) faults.push(`more than ${residentMibMax.toFixed(0)} MiB of memory`);
  return { flood: name, calmP99Ms, p99Ms, calmMib, residentMib, faults };
}

/** Returns the memory that the server may need, by the table in docs/reliability/limits.md. */
function memoryMibMax({ attackers, crowd }: AttackOptions): number {
  const objectsMib = (attackers + crowd) * MEMBER_MIB + attackers * WAITING_SESSION_MIB + AWAITED_MIB;
  return PROCESS_MIB + GARBAGE_FACTOR * objectsMib + UNREAD_MIB;
}

function lineOf({ flood, calmP99Ms, p99Ms, calmMib, residentMib, faults }: AttackReport): string {
  const times = `p99 ${calmP99Ms.toFixed(1).padStart(5)} ms calm, ${p99Ms.toFixed(1).padStart(7)} ms during`;
  const verdict = faults.length === 0 ? '' : `  FAULT: ${faults.join('; ')}`;
  const memory = `${calmMib.toFixed(0).padStart(4)} MiB, at most ${residentMib.toFixed(0).padStart(4)} MiB`;
  return `${flood.padEnd(22)} ${times}, ${memory}${verdict}`;
}

async function pass(ms: number): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, ms));
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Resets the largest resident memory that the kernel has recorded. */
async function resetPeak({ childProcess }: LaunchedServer): Promise<void> {
  await writeFile(`/proc/${childProcess.child.pid}/clear_refs`, '5');
}

/** Returns the largest resident memory of a server since `resetPeak`. */
async function peakMib(servers: readonly LaunchedServer[]): Promise<number> {
  let largestKib = 0;
  for (const { childProcess } of servers) {
    const status = await readFile(`/proc/${childProcess.child.pid}/status`, 'utf8');
    const line = status.split('\n').find(each => each.startsWith('VmHWM:')) ?? '';
    largestKib = Math.max(largestKib, Number.parseInt(line.slice('VmHWM:'.length), 10));
  }
  return largestKib / KIB_PER_MIB;
}

/** The names of all floods. */
export const floodNames = Object.keys(floods) as readonly FloodName[];
