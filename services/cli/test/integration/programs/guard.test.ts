import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ChildProcess as TestProcess, repository, within } from '@rankd/testkit';
import { DEADLINE_MS, gone, isGroupAlive } from './program-run.js';

jest.setTimeout(2 * DEADLINE_MS);

const bundle = resolve(repository, 'services/cli/bundle/main.js');
let children: ChildProcess[] = [];
let groups: number[] = [];

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const group of groups) spawnSync('kill', ['-9', '--', `-${group}`]);
  [children, groups] = [[], []];
});

function keep(child: ChildProcess): ChildProcess & { readonly pid: number } {
  children.push(child);
  return child as ChildProcess & { readonly pid: number };
}

/** Starts the built guard. Resolves when it is ready. */
async function startGuard(): Promise<ChildProcess> {
  const guard = keep(spawn(process.execPath, [bundle, '__guard'], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] }));
  await within(DEADLINE_MS, 'the guard', once(guard, 'message'));
  return guard;
}

function startProgram(member = 'm1'): { readonly pid: number } {
  const stubborn = ['-c', 'trap "" TERM; sleep 1000 & sleep 1000'];
  return keep(
    spawn('sh', stubborn, { detached: true, stdio: 'ignore', env: { ...process.env, RANKD_MEMBER: member } }),
  );
}

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;
const nothing = { groups: [], starting: undefined, killAtMs: undefined };

describe('the guard (R-PROG-5)', () => {
  it('kills what it holds when the pipe closes, and ends after it', async () => {
    const guard = await startGuard();
    const { pid } = startProgram();
    guard.send({ ...nothing, groups: [pid] });
    await within(DEADLINE_MS, 'the answer', once(guard, 'message'));
    expect(isGroupAlive(pid)).toBe(true);
    guard.disconnect();
    await within(DEADLINE_MS, 'the end of the guard', once(guard, 'exit'));
    expect(isGroupAlive(pid)).toBe(false);
  });

  it('kills it when the moment comes, although rankctl lives, and not after a release', async () => {
    const guard = await startGuard();
    const [held, released] = [startProgram(), startProgram()];
    guard.send({ ...nothing, groups: [held.pid, released.pid], killAtMs: nowMs() + 100_000 });
    guard.send({ ...nothing, groups: [held.pid], killAtMs: nowMs() + 100 });
    await gone(held.pid);
    expect(isGroupAlive(released.pid)).toBe(true);
  });

  it('finds a program that was started when rankctl died, by the member id in its environment', async () => {
    const before = startProgram('m7');
    // The system counts starts in ticks of 10 ms.
    await new Promise(resolvePause => setTimeout(resolvePause, 50));
    const guard = await startGuard();
    guard.send({ ...nothing, starting: 'm7' });
    const [started, other] = [startProgram('m7'), startProgram('m77')];
    guard.disconnect();
    await gone(started.pid);
    expect([before, other].map(({ pid }) => isGroupAlive(pid))).toEqual([true, true]);
  });

  it('ignores the signals of a service that stops', async () => {
    const guard = await startGuard();
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) guard.kill(signal);
    guard.send(nothing);
    await within(DEADLINE_MS, 'the answer', once(guard, 'message'));
    expect([guard.exitCode, guard.signalCode]).toEqual([null, null]);
  });

  it('is sent at most 16 orders that it has not answered, and then the newest', async () => {
    const module = resolve(repository, 'services/cli/dist/programs/process/guard.js');
    const stopping = resolve(repository, 'services/testkit/dist/processes/stop-process.js');
    const script = `
      import { setTimeout as sleep } from 'node:timers/promises';
      import { stopProcess } from ${JSON.stringify(stopping)};
      process.argv[1] = ${JSON.stringify(bundle)};
      const { Guard } = await import(${JSON.stringify(module)});
      const sent = [];
      const guard = new Guard(undefined);
      await guard.ready;
      const child = process._getActiveHandles().find(handle => handle.pid === guard.pid);
      const original = child.send.bind(child);
      child.send = (order, ...rest) => { sent.push(order.killAtMs); return original(order, ...rest); };
      await stopProcess(guard.pid);
      for (let ms = 1; ms <= 100; ms += 1) guard.setKillAt(1e12 + ms);
      console.log('sent', sent.length);
      process.kill(guard.pid, 'SIGCONT');
      while (sent.at(-1) !== 1e12 + 100) await sleep(10);
      console.log('newest', sent.length);
      guard.close();
    `;
    const run = new TestProcess(process.execPath, ['--input-type=module', '-e', script], { cwd: '/' });
    await within(DEADLINE_MS, 'the end of the script', run.exited);
    expect(run.lines).toEqual(['sent 16', 'newest 17']);
  });
});
