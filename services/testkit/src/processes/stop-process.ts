/** Stops processes with SIGSTOP. */

import { existsSync, readFileSync } from 'node:fs';
import { eventually } from '../time/wait.js';

/** More than ten times what a system needs to stop a process, ms. */
const STOPPED_MS = 5000;

/**
 * Sends SIGSTOP to a process. Resolves when the process is stopped, because before that it may still handle input. On a system without
 * /proc it resolves at once.
 * @throws Error ESRCH if there is no such process
 */
export async function stopProcess(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await processStopped(pid);
}

/** Resolves when a process to which SIGSTOP was sent is stopped. On a system without /proc it resolves at once. */
export async function processStopped(pid: number): Promise<void> {
  const stat = `/proc/${pid}/stat`;
  if (!existsSync(stat)) return;
  await eventually(STOPPED_MS, 'the process to stop', () => {
    // The name of the program, in parentheses, may contain anything.
    return / T /.test(readFileSync(stat, 'utf8').split(')').at(-1) ?? '') ? true : undefined;
  });
}
