import { existsSync, readFileSync, statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { observe } from '@rankd/client/observer';
import { eventually, type LaunchedServer, launchServer, repository } from '@rankd/testkit';
import { DEADLINE_MS, type Rankctl } from '../rankctl.js';
import { ProgramRuns, says } from './fixture.js';

jest.setTimeout(4 * DEADLINE_MS);

const SUSPEND_MS = 2000;
const settings = {
  ...{ RANKD_HEARTBEAT_MS: '500', RANKD_SUSPEND_MS: String(SUSPEND_MS), RANKD_DEAD_MS: '3000' },
  ...{ RANKD_GRACE_MS: '15000', RANKD_GRACE_LEADER_MS: '15000', RANKD_ADMIN_TOKEN: 'boss' },
};
const runs = new ProgramRuns();
let server: LaunchedServer;
let group = '';
let groups = 0;

beforeAll(async () => {
  server = await launchServer(repository, settings);
});
afterAll(() => server.childProcess.dispose());
beforeEach(() => {
  runs.open();
  group = `g${(groups += 1)}`;
});
afterEach(() => runs.close());

/** Prints who it is, then waits. */
const program = ['sh', '-c', 'echo member $RANKD_MEMBER slot $RANKD_SLOT; exec sleep 1000'];

function rankctl(...args: string[]): Rankctl {
  const url = `rankd://127.0.0.1:${server.port}`;
  return runs.start(args, { RANKD_URL: url, RANKD_GROUP: group, RANKD_ADMIN_TOKEN: 'boss' });
}

function start(verb: 'run' | 'lead', line = program, options: readonly string[] = []): Rankctl {
  return rankctl(verb, '--name', 'ann', '--seat-file', runs.path('seat'), ...options, '--', ...line);
}

async function memberOf(run: Rankctl): Promise<string> {
  const [, member = ''] = await says(run, /^member (\S+) slot 0$/m);
  return member;
}

async function stateOf(name: string): Promise<string | undefined> {
  using observer = await observe(`rankd://127.0.0.1:${server.port}`, { group, token: 'boss' });
  const { members } = await observer.roster();
  return members.find(member => member.name === name)?.state;
}

describe('R-PROG-10 rankctl run --seat-file', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('takes the seat back after %s', async signal => {
    const first = start('run');
    const member = await memberOf(first);
    expect(statSync(runs.path('seat')).mode & 0o777).toBe(0o600);
    const other = rankctl('run', '--', 'sleep', '1000');
    await says(other, /joined with rank 1/);
    first.child.kill(signal);
    await first.end();
    await eventually(DEADLINE_MS, 'away', async () => ((await stateOf('ann')) === 'away' ? true : undefined));
    const second = start('run');
    expect(await memberOf(second)).toBe(member);
    await says(second, /back with rank 0/);
    expect(other.stderr).not.toContain('rank 0');
  });

  it('gives the seat up with --leave, and when the program exits by itself', async () => {
    const leaving = start('run', program, ['--leave']);
    await memberOf(leaving);
    leaving.child.kill('SIGTERM');
    expect((await leaving.end()).code).toBe(143);
    expect([existsSync(runs.path('seat')), await stateOf('ann')]).toEqual([false, undefined]);
    const exiting = start('run', ['sh', '-c', 'exit 5']);
    expect((await exiting.end()).code).toBe(5);
    expect([existsSync(runs.path('seat')), await stateOf('ann')]).toEqual([false, undefined]);
  });

  it('removes the file of a removed member, and keeps it if there is no server', async () => {
    const run = start('run');
    const member = await memberOf(run);
    const unreached = ['run', '--url', 'rankd://127.0.0.1:1', '--join-timeout', '0', '--seat-file', runs.path('seat')];
    const content = readFileSync(runs.path('seat'), 'utf8');
    expect((await rankctl(...unreached, '--', ...program).end()).code).toBe(69);
    expect(readFileSync(runs.path('seat'), 'utf8')).toBe(content);
    await rankctl('remove', member).end();
    expect((await run.end()).code).toBe(1);
    expect(existsSync(runs.path('seat'))).toBe(false);
  });

  it('has one process for a file: the later one has the seat, the earlier one stops its program', async () => {
    const first = start('run');
    const member = await memberOf(first);
    const second = start('run');
    expect((await first.end()).code).toBe(1);
    expect(await memberOf(second)).toBe(member);
    expect(first.stderr).toMatch(/was stopped/);
    expect(readFileSync(runs.path('seat'), 'utf8')).toContain(member);
    second.child.kill('SIGTERM');
    await second.end();
    // For suspendMs the program of the earlier process may still run.
    expect(readFileSync(runs.path('seat'), 'utf8')).toMatch(/"program":"(running|ended)"/);
  });
});

describe('R-PROG-10 rankctl lead --seat-file', () => {
  /** Resolves with how long after the seat was taken back the program started, ms. */
  async function startDelayMs(run: Rankctl): Promise<number> {
    await says(run, /back with rank 0/);
    const begunMs = performance.now();
    await memberOf(run);
    return performance.now() - begunMs;
  }

  it('starts the program at once if the file says that the earlier one has ended', async () => {
    const first = start('lead');
    await memberOf(first);
    first.child.kill('SIGTERM');
    await first.end();
    expect(readFileSync(runs.path('seat'), 'utf8')).toContain('"program":"ended"');
    expect(await startDelayMs(start('lead'))).toBeLessThan(SUSPEND_MS / 2);
  });

  it('starts the program suspendMs after the welcome otherwise', async () => {
    const first = start('lead');
    await memberOf(first);
    first.child.kill('SIGKILL');
    await first.end();
    expect(readFileSync(runs.path('seat'), 'utf8')).toContain('"program":"running"');
    // A start that ends before that does not change what the file says.
    const second = start('lead');
    await says(second, /back with rank 0/);
    second.child.kill('SIGTERM');
    await second.end();
    expect(second.stdout).toBe('');
    expect(readFileSync(runs.path('seat'), 'utf8')).toContain('"program":"running"');
    expect(await startDelayMs(start('lead'))).toBeGreaterThan(SUSPEND_MS * 0.8);
  });
});
