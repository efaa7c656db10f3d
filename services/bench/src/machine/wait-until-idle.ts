/** Waits until a process is idle. */

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const lookMs = 50;
const busyShareMax = 0.2;

/**
 * Resolves when a process has little left to do, for example after the end of ten thousand sessions. Resolves after `deadlineMs`
 * at the latest.
 */
export async function waitUntilIdle(pid: number, deadlineMs: number): Promise<void> {
  const lateMs = performance.now() + deadlineMs;
  let before = cpuMs(pid);
  while (performance.now() < lateMs) {
    await sleep(lookMs);
    const after = cpuMs(pid);
    if (after - before < lookMs * busyShareMax) return;
    before = after;
  }
}

/** Returns the CPU time so far of all threads of a process, ms. 0 if the kernel does not report it. */
export function cpuMs(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.reduce((sum, thread) => sum + onCpuMs(`/proc/${pid}/task/${thread}/schedstat`), 0);
  } catch {
    return 0;
  }
}

function onCpuMs(path: string): number {
  return Number(readFileSync(path, 'utf8').split(' ')[0]) / 1e6;
}
