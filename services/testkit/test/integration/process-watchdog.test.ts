import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, jest } from '@jest/globals';
import { ChildProcess, eventually, repository } from '@rankd/testkit';

jest.setTimeout(60_000);

const MODULE = resolve(repository, 'scripts/lib/fleet/process-watchdog.mjs');
const DEADLINE_MS = 20_000;

/** Starts a program with its own process group, reports it to a watchdog, and waits. */
const SCRIPT = `
  import { spawn } from 'node:child_process';
  import { startProcessWatchdog } from ${JSON.stringify(pathToFileURL(MODULE).href)};
  const { scratch, started } = await startProcessWatchdog();
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  started(child.pid);
  console.log(JSON.stringify({ event: 'started', pid: child.pid, scratch }));
`;

it('a script that is killed leaves no process and no directory', async () => {
  const script = new ChildProcess(process.execPath, ['--input-type=module', '-e', SCRIPT]);
  const { pid, scratch } = await script.event('started');
  expect(isRunning(Number(pid))).toBe(true);
  script.kill('SIGKILL');
  await script.exited;
  await eventually(DEADLINE_MS, 'the end of its program', () => (isRunning(Number(pid)) ? undefined : true));
  await eventually(DEADLINE_MS, 'the end of its directory', () => (existsSync(String(scratch)) ? undefined : true));
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
