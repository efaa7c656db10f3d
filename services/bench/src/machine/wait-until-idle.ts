import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const lookMs = 50;
const busyShareMax = 0.2;

/** Until a process has little left to do, such as forgetting ten thousand members; at most `deadlineMs`. */
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

/** Time on a CPU of all threads of a process so far; 0 where the kernel does not tell. */
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
