import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { observe } from '@rankd/client/observer';
import { ChaosProxy, type LaunchedServer, stopProcess, within } from '@rankd/testkit';
import { administer, DEADLINE_MS, gone, isGroupAlive, launch, ProgramRun } from './program-run.js';

jest.setTimeout(4 * DEADLINE_MS);

let server: LaunchedServer;
let runs: ProgramRun[] = [];
let groups = 0;
let group: string;

beforeAll(async () => {
  server = await launch();
});
afterEach(async () => {
  await Promise.all(runs.map(async ({ rankctl }) => await rankctl.dispose()));
  runs = [];
});
afterAll(async () => await server.childProcess.dispose());

/** Ignores SIGTERM, and has a child that ignores it too. */
const stubborn = ['sh', '-c', 'trap "" TERM; sleep 1000 & sleep 1000'];
/** Prints whether the group of its predecessor runs, then waits. */
const sleeper = ['sh', '-c', 'echo leads $RANKD_FENCE; exec sleep 1000'];

function start(line: readonly string[], options: readonly string[] = [], port = server.port): ProgramRun {
  const run = new ProgramRun(port, ['lead', '--group', group, '--name', `m${runs.length}`, ...options, '--', ...line]);
  runs.push(run);
  return run;
}

/** Starts a leader with `line`, and a member that stands by. */
async function startPair(
  line: readonly string[],
  port?: number,
): Promise<{ leader: ProgramRun; program: number; next: ProgramRun }> {
  groups += 1;
  group = `lead-${groups}`;
  const leader = start(line, [], port);
  const program = await leader.program();
  const next = start(sleeper);
  await next.says('joined with rank 1');
  return { leader, program, next };
}

/** Resolves when the next member's program runs. The program of the earlier leader must have ended before. */
async function expectSuccession(program: number, next: ProgramRun): Promise<void> {
  const started = next.program().then(() => isGroupAlive(program));
  expect(await started).toBe(false);
}

describe('rankctl lead: the program has stopped before another one starts (R-PROG-4, R-PROG-5)', () => {
  it('when rankctl is killed', async () => {
    const { leader, program, next } = await startPair(stubborn);
    leader.rankctl.kill('SIGKILL');
    await expectSuccession(program, next);
  });

  it('when rankctl is killed while its guard is slow: the guard keeps the connection open', async () => {
    const { leader, program, next } = await startPair(stubborn);
    const [guard = 0] = leader.guards;
    await stopProcess(guard);
    try {
      const killed = once(leader.rankctl.child, 'exit');
      leader.rankctl.kill('SIGKILL');
      await within(DEADLINE_MS, 'the end of rankctl', killed);
      // The server handles the end of a connection before the hello of an observer that connects after it.
      using observer = await observe(`rankd://127.0.0.1:${server.port}`, { group, token: 'boss' });
      const { members } = await observer.roster();
      expect(members.map(({ name }) => name)).toEqual(['m0', 'm1']);
      expect(next.rankctl.output).not.toContain('runs as process');
    } finally {
      process.kill(guard, 'SIGCONT');
    }
    await expectSuccession(program, next);
  });

  it('when rankctl is stopped; continued, it stands by, and leads again later', async () => {
    const { leader, program, next } = await startPair(stubborn);
    leader.rankctl.kill('SIGSTOP');
    await expectSuccession(program, next);
    leader.rankctl.kill('SIGCONT');
    await leader.says('was stopped (leadership)');
    await leader.says('joined with rank 1');
    next.rankctl.kill('SIGTERM');
    await leader.program(2);
  });

  it('when the administrator moves the leader, although the program ignores SIGTERM', async () => {
    const { program, next } = await startPair(stubborn);
    await administer(server.port, 'move', 'm0', '1', '--group', group);
    await expectSuccession(program, next);
  });

  it('when the administrator removes the leader, which ends with 1', async () => {
    const { leader, program, next } = await startPair(stubborn);
    await administer(server.port, 'remove', 'm0', '--group', group);
    await expectSuccession(program, next);
    expect(await leader.code()).toBe(1);
  });

  it('when the leader ends: the next starts as soon as the program has ended', async () => {
    const { leader, program, next } = await startPair(sleeper);
    leader.rankctl.kill('SIGTERM');
    await expectSuccession(program, next);
    expect(await leader.code()).toBe(143);
  });

  it.each(['toServer', 'toClient'] as const)('when the network is cut one way: %s', async direction => {
    const proxy = await ChaosProxy.open(server.port);
    const { leader, program, next } = await startPair(stubborn, proxy.port);
    proxy.treat(direction, 'hold');
    await expectSuccession(program, next);
    await leader.says('was stopped (leadership)');
    await proxy.dispose();
  });

  it('when the connection is reset: the program is killed at once', async () => {
    const proxy = await ChaosProxy.open(server.port);
    const { leader, program, next } = await startPair(stubborn, proxy.port);
    proxy.reset();
    await expectSuccession(program, next);
    await leader.says('joined with rank 1');
    await proxy.dispose();
  });

  it('when the connection is reset while rankctl is stopped: the guard kills the program', async () => {
    const proxy = await ChaosProxy.open(server.port);
    const { leader, program, next } = await startPair(stubborn, proxy.port);
    await leader.rankctl.stop();
    proxy.reset();
    await expectSuccession(program, next);
    leader.rankctl.kill('SIGCONT');
    await leader.says('was stopped (leadership)');
    await leader.says('joined with rank 1');
    await proxy.dispose();
  });

  it('when the guard is killed: the program starts again under another guard', async () => {
    const { leader, program, next } = await startPair(stubborn);
    process.kill(leader.guards[0] ?? 0, 'SIGKILL');
    await gone(program);
    await leader.program(2);
    expect(next.rankctl.output).not.toContain('runs as process');
  });

  it('when the server is frozen and drained', async () => {
    const own = await launch({ RANKD_DRAIN_MS: '200' });
    groups += 1;
    group = `lead-${groups}`;
    const leader = start(stubborn, [], own.port);
    const program = await leader.program();
    own.childProcess.kill('SIGSTOP');
    await gone(program);
    own.childProcess.kill('SIGCONT');
    const second = await leader.program(2);
    own.childProcess.kill('SIGTERM');
    await gone(second);
    await own.childProcess.exited;
    const again = await launch({ RANKD_PORT: String(own.port) });
    await leader.program(3);
    await again.childProcess.dispose();
  });
});

describe('rankctl lead', () => {
  it('starts the program again after its own exit only if --restart says so', async () => {
    groups += 1;
    group = `lead-${groups}`;
    const failing = ['sh', '-c', 'exit 9'];
    expect(await start(failing).code()).toBe(9);
    expect(await start(['true'], ['--restart', 'on-failure']).code()).toBe(0);
    const restarted = start(failing, ['--restart', 'on-failure']);
    await restarted.program(2);
  });

  it('says that rank 0 is another kind of member', async () => {
    groups += 1;
    group = `lead-${groups}`;
    const other = new ProgramRun(server.port, ['run', '--group', group, '--name', 'plain', '--', 'sleep', '1000']);
    runs.push(other);
    await other.program();
    await start(sleeper, ['--quiet']).says('plain, which was not started by rankctl lead');
  });

  it('says so too when such a member becomes the leader while it waits', async () => {
    const { leader, next } = await startPair(sleeper);
    const other = new ProgramRun(server.port, ['run', '--group', group, '--name', 'plain', '--', 'sleep', '1000']);
    runs.push(other);
    await other.program();
    await administer(server.port, 'move', 'plain', '0', '--group', group);
    for (const run of [leader, next]) await run.says('plain, which was not started by rankctl lead');
  });

  it('ends with 78 if the leases are too short, and starts nothing', async () => {
    const short = await launch({ RANKD_HEARTBEAT_MS: '200', RANKD_SUSPEND_MS: '599', RANKD_DEAD_MS: '1600' });
    groups += 1;
    group = `lead-${groups}`;
    const run = start(sleeper, ['--quiet'], short.port);
    expect(await run.code()).toBe(78);
    expect(run.rankctl.lines).toEqual([expect.stringContaining('199 ms to stop, and 200 are needed')]);
    await short.childProcess.dispose();
  });
});
