import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, type LaunchedServer } from '@rankd/testkit';
import { administer, DEADLINE_MS, gone, isGroupAlive, launch, ProgramRun } from './program-run.js';

jest.setTimeout(4 * DEADLINE_MS);

let server: LaunchedServer;
let runs: ProgramRun[] = [];
let groups = 0;

beforeAll(async () => {
  server = await launch({ RANKD_MEMBERS_MAX: '2' });
});
afterEach(async () => {
  await Promise.all(runs.map(async ({ rankctl }) => await rankctl.dispose()));
  runs = [];
});
afterAll(async () => await server.childProcess.dispose());

/** Starts `rankctl run` in a group of its own. */
function start(
  options: readonly string[],
  line: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ProgramRun {
  groups += 1;
  return startIn(`g${groups}`, options, line, env);
}

function startIn(
  group: string,
  options: readonly string[],
  line: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ProgramRun {
  const run = new ProgramRun(server.port, ['run', '--group', group, ...options, '--', ...line], env);
  runs.push(run);
  return run;
}

/** Sleeps until a signal ends it. */
const sleeper = ['sleep', '1000'];
/** Ignores SIGTERM, and has a child that ignores it too. */
const stubborn = ['sh', '-c', 'trap "" TERM; echo ignores; sleep 1000 & sleep 1000'];

describe('rankctl run', () => {
  it('gives the program its fields, and no secret (R-PROG-1)', async () => {
    const run = start(
      ['--name', 'ann', '--env', 'SHARD={slot}/{size}'],
      ['sh', '-c', 'env; echo {rank} {{rank}} "$SHARD"'],
      {
        RANKD_TOKEN: 'boss',
        RANKD_RANK: '9',
      },
    );
    expect(await run.code()).toBe(0);
    const output = run.rankctl.lines;
    expect(output).toEqual(expect.arrayContaining(['RANKD_NAME=ann', 'RANKD_RANK=0', 'RANKD_LEADS=1', '0 {rank} 0/1']));
    expect(output.join('\n')).toMatch(/^RANKD_FENCE=\d+-\d+$/m);
    expect(output.join('\n')).not.toMatch(/boss/);
  });

  it.each([
    ['exit 3', 3],
    ['kill -9 $$', 137],
    ['kill -HUP $$', 129],
  ])('ends as the program ends: %s (R-PROG-6)', async (script, code) => {
    expect(await start([], ['sh', '-c', script]).code()).toBe(code);
  });

  it('kills what the program leaves behind, and then leaves (R-PROG-5)', async () => {
    const run = start([], ['sh', '-c', 'sleep 1000 & exit 5']);
    const program = await run.program();
    expect(await run.code()).toBe(5);
    expect(isGroupAlive(program)).toBe(false);
  });

  it('kills a program that ignores SIGTERM, with its children, after --stop-timeout', async () => {
    const run = start(['--stop-timeout', '1'], stubborn);
    const program = await run.program();
    await run.says('ignores');
    run.rankctl.kill('SIGTERM');
    expect(await run.code()).toBe(137);
    expect(isGroupAlive(program)).toBe(false);
  });

  it('kills it at once at a second SIGTERM', async () => {
    const run = start(['--stop-timeout', '1000'], stubborn);
    await run.says('ignores');
    run.rankctl.kill('SIGINT');
    run.rankctl.kill('SIGTERM');
    expect(await run.code()).toBe(137);
  });

  it('passes SIGHUP and others to the program, and ends at SIGTERM with its code', async () => {
    const script =
      'trap "echo got HUP" HUP; trap "echo got USR2" USR2; trap "exit 4" TERM; echo up; while :; do sleep 0.05; done';
    const run = start([], ['sh', '-c', script]);
    await run.says('up');
    run.rankctl.kill('SIGHUP');
    await run.says('got HUP');
    run.rankctl.kill('SIGUSR2');
    await run.says('got USR2');
    run.rankctl.kill('SIGTERM');
    expect(await run.code()).toBe(4);
  });

  it('ends the program with all its children when rankctl is killed (R-PROG-5)', async () => {
    const run = start([], stubborn);
    const program = await run.program();
    run.rankctl.kill('SIGKILL');
    await gone(program);
  });

  it('ends the program when the guard is killed, and starts it again under another guard', async () => {
    const run = start([], sleeper);
    const program = await run.program();
    const [guard = 0] = run.guards;
    process.kill(guard, 'SIGKILL');
    await gone(program);
    expect(await run.program(2)).not.toBe(program);
    expect(run.guards).not.toEqual([guard]);
  });

  it('keeps the program while the server is frozen and restarted (R-PROG-3)', async () => {
    const own = await launch();
    const run = new ProgramRun(own.port, ['run', '--', ...sleeper]);
    runs.push(run);
    const program = await run.program();
    own.childProcess.kill('SIGSTOP');
    await run.says('suspended');
    own.childProcess.kill('SIGCONT');
    await own.childProcess.dispose();
    await run.says(/connection .*lost|reconnecting/);
    const again = await launch({ RANKD_PORT: String(own.port) });
    await run.says(/acting|joined with rank/);
    expect(isGroupAlive(program)).toBe(true);
    await again.childProcess.dispose();
  });

  it('starts a program that uses {slot} again if it comes back as another member', async () => {
    const own = await launch();
    const run = new ProgramRun(own.port, ['run', '--', 'sh', '-c', 'echo now slot {slot}; exec sleep 1000']);
    runs.push(run);
    const program = await run.program();
    await own.childProcess.dispose();
    const again = await launch({ RANKD_PORT: String(own.port) });
    await run.program(2);
    expect(isGroupAlive(program)).toBe(false);
    const lines = (): readonly string[] => run.rankctl.lines.filter(line => line === 'now slot 0');
    await eventually(DEADLINE_MS, 'two lines', () => (lines().length === 2 ? true : undefined));
    await again.childProcess.dispose();
  });

  it('restarts the program after its rank has changed, with the new rank', async () => {
    const first = startIn('changes', ['--name', 'a', '--settle', '50'], sleeper);
    await first.program();
    const restarted = startIn(
      'changes',
      ['--on-change', 'restart', '--restart-every', '0'],
      ['sh', '-c', 'echo now rank {rank}; exec sleep 1000'],
    );
    await restarted.says('now rank 1');
    first.rankctl.kill('SIGTERM');
    await restarted.says('now rank 0');
    expect(restarted.rankctl.lines.filter(line => /^now rank \d/.test(line))).toEqual(['now rank 1', 'now rank 0']);
  });

  it('sends a signal instead, if --on-change says so', async () => {
    const first = startIn('signals', ['--name', 'a'], sleeper);
    await first.program();
    const script = 'trap "echo got USR1" USR1; echo up; while :; do sleep 0.05; done';
    const signalled = startIn('signals', ['--on-change', 'signal:USR1', '--settle', '50'], ['sh', '-c', script]);
    await signalled.says('up');
    await administer(server.port, 'move', 'a', '1', '--group', 'signals');
    await signalled.says('got USR1');
  });

  it('starts the program once --members are present, and ends with 75 if they are not (R-PROG-2)', async () => {
    const waiting = startIn('two', ['--members', '2', '--timeout', '20'], ['echo', 'both']);
    await waiting.says('joined with rank 0');
    await waiting.says('rankctl: waiting for 2 members, 1 is here');
    expect(await startIn('alone', ['--members', '2', '--timeout', '1'], ['echo', 'both']).code()).toBe(75);
    expect(waiting.rankctl.output).not.toContain('both');
    startIn('two', [], sleeper);
    await waiting.says('both');
  });

  it.each([
    ['run', 'removed'],
    ['run --quiet', 'removed-quiet'],
    ['lead', 'removed-lead'],
    ['once task', 'once.removed-once.task'],
  ])(
    '%s stops the program, says once why, and ends with 1 when an administrator removes the member',
    async (verb, group) => {
      const own = group.replace(/^once\.(.*)\.task$/, '$1');
      const words = ['sh', '-c', 'echo runs as process $$; exec sleep 1000'];
      const run = new ProgramRun(server.port, [...verb.split(' '), '--name', 'x', '--group', own, '--', ...words]);
      runs.push(run);
      const program = await run.program();
      await administer(server.port, 'remove', 'x', '--group', group);
      expect(await run.code()).toBe(1);
      expect(run.rankctl.output.match(/an administrator removed this member/g)).toHaveLength(1);
      expect(isGroupAlive(program)).toBe(false);
    },
  );
});

describe('rankctl run ends before it has started anything', () => {
  it.each([
    [2, [], ['run', 'ls']],
    [2, [], ['run', '--']],
    [2, [], ['run', '-x', 'sh', '-c', 'ls']],
    [2, [], ['run', '--on-change', 'signal:KILL', '--', 'ls']],
    [2, [], ['run', '--env', '1=2', '--', 'ls']],
    [2, [], ['once', '--', 'ls']],
    [2, [], ['once', 'x'.repeat(60), '--', 'ls']],
    [69, [['RANKD_URL', 'rankd://127.0.0.1:1']], ['run', '--join-timeout', '0', '--', 'ls']],
    [77, [['RANKD_ADMIN_TOKEN', 'wrong']], ['run', '--', 'ls']],
    [78, [['RANKD_GROUP', 'a/b']], ['run', '--', 'ls']],
    [78, [['RANKD_TAGS', 'x']], ['run', '--', 'ls']],
    [126, [], ['run', '--', '/etc/passwd']],
    [126, [], ['lead', '--', '/etc']],
    [127, [], ['run', '--', 'no-such-program']],
    [127, [], ['run', '--', './no/{rank}']],
  ] as const)('with %d and one sentence: %j %j', async (code, env, args) => {
    // A placeholder is filled after the member has joined.
    const isKnownAtStart = !args.at(-1)?.includes('{');
    const needsToken = env.some(([name]) => name === 'RANKD_ADMIN_TOKEN');
    const port = needsToken ? (guarded ??= await launch({ RANKD_TOKEN: 'right' })).port : server.port;
    const run = new ProgramRun(port, args, Object.fromEntries(env));
    runs.push(run);
    expect([await run.code(), run.rankctl.lines.filter(line => line.startsWith('rankctl: '))]).toEqual([
      code,
      isKnownAtStart ? [expect.any(String)] : expect.anything(),
    ]);
    expect(run.rankctl.output).not.toContain('runs as process');
  });

  let guarded: LaunchedServer | undefined;
  afterAll(async () => await guarded?.childProcess.dispose());

  it('with 75 at once if the group is full', async () => {
    for (const name of ['a', 'b']) await startIn('full', ['--name', name], sleeper).program();
    expect(await startIn('full', [], sleeper).code()).toBe(75);
  });

  it('with 128 + n at a signal before the start', async () => {
    const run = start(['--members', '2'], sleeper);
    await run.says('joined with rank 0');
    run.rankctl.kill('SIGHUP');
    expect(await run.code()).toBe(129);
  });
});
