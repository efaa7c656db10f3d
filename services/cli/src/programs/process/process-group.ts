/** The processes of a program: all processes in one process group. */

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often to look whether a group is gone, ms. */
const POLL_MS = 5;
/** How often to look after FAST_POLLS, ms: a process that is stuck in the kernel may take long. */
const SLOW_POLL_MS = 100;
/** How many times to look at the faster pace. */
const FAST_POLLS = 200;

/** Sends a signal to every process of a group. Returns whether there was a process. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch (error) {
    // ESRCH: there is no process. macOS reports EPERM if only zombies are left.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}

/** Returns whether a process of the group runs. A zombie does not run. */
export function isGroupRunning(group: number): boolean {
  if (!signalGroup(group, 0)) return false;
  // A zombie counts for kill(2) until its parent has waited for it. Without an init there may be no such parent.
  const processes = readProcesses();
  return processes === undefined || processes.some(({ group: other, isZombie }) => other === group && !isZombie);
}

/** Sends SIGKILL to a group until no process of it runs. */
export async function killGroup(group: number): Promise<void> {
  for (let polls = 0; isGroupRunning(group); polls += 1) {
    signalGroup(group, 'SIGKILL');
    await sleep(polls < FAST_POLLS ? POLL_MS : SLOW_POLL_MS);
  }
}

/** A process, as /proc shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly isZombie: boolean;
  readonly group: number;
  readonly session: number;
  /** When it was started, in clock ticks since the system has started. */
  readonly startedAtTicks: number;
}

/** Returns the processes of the system. Undefined if the system has no /proc. */
export function readProcesses(): readonly ProcessEntry[] | undefined {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return undefined;
  }
  const pids = names.map(Number).filter(pid => pid > 0);
  return pids.length === 0 ? undefined : pids.map(readProcess).filter(entry => entry !== undefined);
}

function readProcess(pid: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the file, in brackets, may contain spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state = '', , group, session] = fields;
    const isZombie = state === 'Z' || state === 'X';
    return { pid, isZombie, group: Number(group), session: Number(session), startedAtTicks: Number(fields[19]) };
  } catch {
    // The process has ended.
    return undefined;
  }
}
