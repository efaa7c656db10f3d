import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Starts process-watchdog.mjs, which ends the fleet if this process is killed. Report every process that it has to end with
 * `started` and `ended`; each has to lead a process group of its own. The watchdog removes the directory `scratch` at the end.
 */
export async function startProcessWatchdog() {
  const scratch = await mkdtemp(join(tmpdir(), 'rankd-up-'));
  const program = fileURLToPath(new URL('process-watchdog.mjs', import.meta.url));
  const watchdog = spawn(process.execPath, [program, scratch], {
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
