// Ends the processes of a script that was killed. start-process-watchdog.mjs starts it in a session of its own. It reads on standard
// input which processes run ("+PID", "-PID"). Standard input ends when the script ends, after `kill -9` too: the watchdog then stops
// the processes that still run, and kills those that do not stop in time.
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const graceMs = 20_000;
const [scratch] = process.argv.slice(2);
const running = new Set();

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) running.add(pid);
  else running.delete(pid);
}

signalAll('SIGTERM');
for (const deadline = Date.now() + graceMs; running.size > 0 && Date.now() < deadline; await sleep(100)) signalAll(0);
signalAll('SIGKILL');
await rm(scratch, { recursive: true, force: true });

/** Each process leads a group of its own; a group that cannot be signalled is gone. */
function signalAll(signal) {
  for (const pid of running) {
    try {
      process.kill(-pid, signal);
    } catch {
      running.delete(pid);
    }
  }
}
