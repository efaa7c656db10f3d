import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { join } from '@rankd/client';
import type { LaunchedServer } from '@rankd/testkit';
import { DEADLINE_MS, launch, ProgramRun } from './program-run.js';

jest.setTimeout(4 * DEADLINE_MS);

let server: LaunchedServer;
let runs: ProgramRun[] = [];
let tasks = 0;
let task: string;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(resolve(tmpdir(), 'rankctl-once-'));
  server = await launch();
});
afterEach(async () => {
  await Promise.all(runs.map(async ({ rankctl }) => await rankctl.dispose()));
  runs = [];
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await server.childProcess.dispose();
});

function start(script: string, ...options: readonly string[]): ProgramRun {
  const run = new ProgramRun(server.port, ['once', task, ...options, '--', 'sh', '-c', script]);
  runs.push(run);
  return run;
}

function newTask(): void {
  tasks += 1;
  task = `task-${tasks}`;
}

/** Runs until `release` is called with the same name, and ends with `code`. */
function untilReleased(name: string, code: number): string {
  return `while [ ! -e '${folder}/${name}' ]; do sleep 0.05; done; exit ${code}`;
}

function release(name: string): void {
  writeFileSync(resolve(folder, name), '');
}

describe('rankctl once (R-PROG-7)', () => {
  it('runs the program in one member, and all end as it ended', async () => {
    newTask();
    const first = start(untilReleased('seven', 7));
    await first.program();
    const others = [start('exit 1'), start('exit 1')];
    for (const other of others) await other.says('joined with rank');
    release('seven');
    expect(await Promise.all([first, ...others].map(async run => await run.code()))).toEqual([7, 7, 7]);
    expect(others.map(({ rankctl }) => rankctl.output).join('\n')).not.toContain('runs as process');
  });

  it('runs it in the next member if the first is killed', async () => {
    newTask();
    const first = start('exec sleep 1000');
    await first.program();
    const second = start('exit 3');
    await second.says('joined with rank 1');
    first.rankctl.kill('SIGKILL');
    expect(await second.code()).toBe(3);
  });

  it('runs it in the next member after a failure with --retry, and not after a success', async () => {
    newTask();
    const first = start(untilReleased('six', 6), '--retry');
    await first.program();
    const second = start(untilReleased('zero', 0), '--retry');
    await second.says('joined with rank 1');
    const third = start('exit 5', '--retry');
    await third.says('joined with rank 2');
    release('six');
    await second.program();
    release('zero');
    expect(await Promise.all([first, second, third].map(async run => await run.code()))).toEqual([6, 0, 0]);
  });

  it('heeds the report of rank 0 only', async () => {
    newTask();
    const url = `rankd://127.0.0.1:${server.port}`;
    const hello = { group: `once.${task}`, token: 'boss' };
    await using leader = await join(url, { ...hello, name: 'leader' });
    await using middle = await join(url, { ...hello, name: 'middle' });
    const run = start('exit 1');
    await run.says('joined with rank 2');
    const sheet = await middle.command('rankd.once', { code: 4 });
    expect(sheet.done).toBe(1);
    expect(run.rankctl.child.exitCode).toBeNull();
    for (const args of [null, 'x', { code: -1 }, { code: 256 }])
      await leader.command('rankd.once', args, { to: { ranks: [2] } });
    expect(run.rankctl.child.exitCode).toBeNull();
    await leader.command('rankd.once', { code: 4 }, { to: { ranks: [2] } });
    expect(await run.code()).toBe(4);
  });
});
