// Ends the processes of a fleet if its script is killed. This file is a module and a program. The module starts the program in its own
// session, so that it continues after the script has ended.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const graceMs = 20_000;

/**
 * Starts the watchdog, which ends the fleet if this process is killed. Call `started` and `ended` for every process that it must end. Each
 * of these processes must lead a process group. The watchdog deletes the directory `scratch` at the end.
 */
export async function startProcessWatchdog() {
  const scratch = await mkdtemp(join(tmpdir(), 'rankd-up-'));
  const watchdog = spawn(process.execPath, [import.meta.filename, scratch], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  watchdog.stdin.unref();
  // Ignore errors: the fleet also runs and stops without its watchdog.
  watchdog.on('error', () => {});
  watchdog.stdin.on('error', () => {});
  return {
    scratch,
    started: pid => void watchdog.stdin.write(`+${pid}\n`),
    ended: pid => void watchdog.stdin.write(`-${pid}\n`),
  };
}

/**
 * The program. It reads from standard input which processes run ("+PID", "-PID"). Standard input ends when the script ends, even
 * after `kill -9`. The watchdog then stops the processes that still run, and kills those that do not stop in time.
 */
async function watch(scratch) {
  const running = new Set();
  for await (const line of createInterface({ input: process.stdin })) {
    const pid = Number(line.slice(1));
    if (line.startsWith('+')) running.add(pid);
    else running.delete(pid);
  }
  signalAll(running, 'SIGTERM');
  for (const deadline = Date.now() + graceMs; running.size > 0 && Date.now() < deadline; await sleep(100)) {
    signalAll(running, 0);
  }
  signalAll(running, 'SIGKILL');
  await rm(scratch, { recursive: true, force: true });
}

/** Each process leads its own group. If a group cannot be signalled, it has ended. */
function signalAll(running, signal) {
  for (const pid of running) {
    try {
      process.kill(-pid, signal);
    } catch {
      running.delete(pid);
    }
  }
}

if (process.argv[1] === import.meta.filename) await watch(process.argv[2]);
