/** The program behind scripts/attack: what members notice while others flood the server. */

import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ChildProcess } from '../../processes/child-process.js';
import { type LaunchedServer, launchServer } from '../../processes/launch-server.js';
import { ATTACKED_GROUP, type Flood, type FloodName, floods } from './floods.js';
import { InsiderProbe } from './insider-probe.js';

const HEAP_MIB = 512;
const READY_MS = 30_000;
const RATIO_MAX = 10;
/** The memory of a server by docs/reliability/limits.md, with the default RANKD_UNREAD_BYTES_MAX. */
const PROCESS_MIB = 60;
/** V8 keeps up to as much garbage as there are objects in use, before it collects the whole heap. */
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
  readonly floods: readonly FloodName[];
  readonly attackers: number;
  /** Members below the attackers that only answer pings. */
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
  /** The resident memory of the server before the flood, MiB. */
  readonly calmMib: number;
  /** The largest resident memory of the server during the flood, MiB. */
  readonly residentMib: number;
  readonly faults: readonly string[];
}

/**
 * Starts a built server with 512 MiB of heap and floods it in each of the ways, one after another.
 * @throws Error if the server ends
 */
export async function runAttack(options: AttackOptions): Promise<AttackReport[]> {
  const membersMax = String(Math.max(100, options.attackers + options.crowd));
  const env = { NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}`, RANKD_MEMBERS_MAX: membersMax, ...options.env };
  const server = await launchServer(options.repository, env, { linesMax: 100 });
  const ended = server.childProcess.exited.then(({ code, signal }) => {
    throw new Error(`the server ended with ${signal ?? code}:\n${server.childProcess.output}`);
  });
  try {
    return await Promise.race([ended, attackServer(server, options)]);
  } finally {
    ended.catch(() => undefined);
    await server.childProcess.dispose();
  }
}

async function attackServer(server: LaunchedServer, options: AttackOptions): Promise<AttackReport[]> {
  const reports: AttackReport[] = [];
  for (const name of options.floods) {
    const report = await withAttackers(server, name, options);
    reports.push(report);
    options.print(lineOf(report));
  }
  return reports;
}

/** Connects the attackers, then the crowd, so that the attackers may command it. */
async function withAttackers(server: LaunchedServer, name: FloodName, options: AttackOptions): Promise<AttackReport> {
  const ports = [String(server.port), String(server.httpPort)];
  const flooder = new ChildProcess(process.execPath, [FLOODER, ...ports, name, String(options.attackers)]);
  const crowd = new ChildProcess(process.execPath, [CROWD, String(server.port), ATTACKED_GROUP, String(options.crowd)]);
  try {
    await flooder.line(line => line === 'ready', READY_MS);
    if (options.crowd > 0) await crowd.line(line => line === 'ready', CROWD_MS);
    const probe = await InsiderProbe.start(server.port);
    try {
      return await runFlood(server, name, { flooder, probe, options });
    } finally {
      probe.stop();
    }
  } finally {
    await Promise.all([flooder.dispose(), crowd.dispose()]);
  }
}

interface FloodRun {
  readonly flooder: ChildProcess;
  readonly probe: InsiderProbe;
  readonly options: AttackOptions;
}

async function runFlood(server: LaunchedServer, name: FloodName, run: FloodRun): Promise<AttackReport> {
  const { flooder, probe, options } = run;
  const flood: Flood = floods[name];
  const log = server.childProcess.child.stdout;
  await resetPeak(server);
  probe.takeLatencies();
  await pass(options.floodMs);
  const calmP99Ms = quantile(probe.takeLatencies(), 0.99);
  const calmMib = await peakMib(server);
  if (flood.log === 'unread') log?.pause();
  flooder.kill('SIGUSR2');
  await pass(options.floodMs);
  log?.resume();
  const p99Ms = quantile(probe.takeLatencies(), 0.99);
  const faults: string[] = [];
  if (p99Ms > Math.max(RATIO_MAX * calmP99Ms, options.toleratedMs))
    faults.push(`p99 is more than ${RATIO_MAX} times the calm one`);
  if (probe.byeCount > 0) faults.push(`${probe.byeCount} members inside were closed`);
  const residentMib = await peakMib(server);
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

/** Returns the largest resident memory of the server since `resetPeak`. */
async function peakMib({ childProcess }: LaunchedServer): Promise<number> {
  const status = await readFile(`/proc/${childProcess.child.pid}/status`, 'utf8');
  const line = status.split('\n').find(each => each.startsWith('VmHWM:')) ?? '';
  return Number.parseInt(line.slice('VmHWM:'.length), 10) / KIB_PER_MIB;
}

/** The names of all floods. */
export const floodNames = Object.keys(floods) as readonly FloodName[];
