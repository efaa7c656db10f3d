import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Starts what ends the fleet if this process is killed (guardian.mjs). `scratch` is a directory that it removes in the end.
 * Every process that is to end with this one has to be reported, and has to lead its own process group.
 */
export async function startGuardian() {
  const scratch = await mkdtemp(join(tmpdir(), 'rankd-up-'));
  const program = fileURLToPath(new URL('guardian.mjs', import.meta.url));
  const guardian = spawn(process.execPath, [program, scratch], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guardian.unref();
  guardian.stdin.unref();
  // without its guardian the fleet still runs, and still ends when asked to
  guardian.on('error', () => {});
  guardian.stdin.on('error', () => {});
  return {
    scratch,
    started: pid => void guardian.stdin.write(`+${pid}\n`),
    ended: pid => void guardian.stdin.write(`-${pid}\n`),
  };
}
