// This file is a module and a program. The module starts the program, in a session of its own, so that it outlives the script.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const graceMs = 20_000;

/**
 * Starts the watchdog, which ends the fleet if this process is killed. Report every process that it has to end with `started` and
 * `ended`; each has to lead a process group of its own. The watchdog removes the directory `scratch` at the end.
 */
export async function startProcessWatchdog() {
  const scratch = await mkdtemp(join(tmpdir(), 'rankd-up-'));
  const watchdog = spawn(process.execPath, [import.meta.filename, scratch], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  watchdog.stdin.unref();
  // The fleet runs without its watchdog too, and ends when it is asked to.
  watchdog.on('error', () => {});
  watchdog.stdin.on('error', () => {});
  return {
    scratch,
    started: pid => void watchdog.stdin.write(`+${pid}\n`),
    ended: pid => void watchdog.stdin.write(`-${pid}\n`),
  };
}

/**
 * The program. It reads on standard input which processes run ("+PID", "-PID"). Standard input ends when the script ends, after
 * `kill -9` too. The watchdog then stops the processes that still run, and kills those that do not stop in time.
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

/** Each process leads a group of its own; a group that cannot be signalled has ended. */
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
