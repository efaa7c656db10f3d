import { execFileSync } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { join, type Membership } from '@rankd/client';
import { eventually, type LaunchedServer, launchServer, repository } from '@rankd/testkit';
import { DEADLINE_MS, type Ended, type Rankctl } from '../rankctl.js';
import { ProgramRuns, says } from './fixture.js';

jest.setTimeout(4 * DEADLINE_MS);

const leases = { RANKD_HEARTBEAT_MS: '300', RANKD_SUSPEND_MS: '1500', RANKD_DEAD_MS: '20000' };
const runs = new ProgramRuns();
const members: Membership[] = [];
let server: LaunchedServer;
let environment: Record<string, string> = {};
let groups = 0;

beforeAll(async () => {
  server = await launchServer(repository, {
    ...leases,
    RANKD_ADMIN_TOKEN: 'boss-secret',
    RANKD_TOKEN: 'friend-secret',
  });
});
afterAll(() => server.childProcess.dispose());
beforeEach(() => {
  runs.open();
  const RANKD_URL = `rankd://127.0.0.1:${server.port}`;
  environment = { RANKD_URL, RANKD_GROUP: `g${(groups += 1)}`, RANKD_TOKEN: 'friend-secret' };
});
afterEach(async () => {
  await Promise.all(members.splice(0).map(async member => member.leave()));
  await runs.close();
});

const admin = { RANKD_ADMIN_TOKEN: 'boss-secret' };
const start = (...args: string[]): Rankctl => runs.start(args, { ...environment, ...admin });
/** Prints its environment, and each SIGHUP. */
const program = ['sh', '-c', 'trap "echo hung up" HUP; env; echo started; while :; do sleep 0.05; done'];

async function send(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await start('send', '--json', ...args).end();
  return (JSON.parse(stdout) as { answers: Record<string, unknown>[] }).answers[0] ?? {};
}

async function joined(name: string): Promise<Membership> {
  const { RANKD_URL: url = '', RANKD_GROUP: group = '', RANKD_TOKEN: token = '' } = environment;
  const member = await join(url, { group, name, token });
  members.push(member);
  return member;
}

/** Resolves with the URL and the key that the program of a run has. */
async function access(run: Rankctl): Promise<{ readonly url: string; readonly headers: { authorization: string } }> {
  const [, key = ''] = await says(run, /^RANKD_HTTP_KEY=(\S{40,})$/m);
  const [, url = ''] = await says(run, /^RANKD_HTTP=(http:\/\/127\.0\.0\.1:\d+)$/m);
  return { url, headers: { authorization: `Bearer ${key}` } };
}

function isRunning(mark: string): boolean {
  const lines = execFileSync('ps', ['-eo', 'stat=,args='], { encoding: 'utf8' }).split('\n');
  return lines.some(line => line.endsWith(mark) && !line.startsWith('Z'));
}

async function isGone(mark: string): Promise<void> {
  await eventually(DEADLINE_MS, `the end of ${mark}`, () => (isRunning(mark) ? undefined : true));
}

describe('R-PROG-8 rankctl run --on', () => {
  it('executes commands as shell lines and signals', async () => {
    const lines = ['print=printf %s "$RANKD_ARGS"', 'env=env', 'fail=echo no paper >&2; exit 3', 'reload=signal:HUP'];
    const run = start('run', '--name', 'ann', ...lines.flatMap(line => ['--on', line]), '--', ...program);
    await says(run, /^started$/m);
    expect(await send('print', '{"n": 12345678901234567890}')).toMatchObject({ status: 'done' });
    const { stdout } = await start('send', '--json', 'print', '12345678901234567890').end();
    expect(stdout).toContain('"value":12345678901234567890');
    expect(await send('fail')).toMatchObject({ status: 'failed', code: 'HANDLER_FAILED', why: 'no paper' });
    expect(await send('nothing')).toMatchObject({ status: 'failed', code: 'NO_HANDLER' });
    expect(await send('reload')).toMatchObject({ status: 'done' });
    await says(run, /^hung up$/m);
    const { value } = await send('env');
    expect(value).toMatch(/^RANKD_RANK=0$/m);
    expect(value).toMatch(/^RANKD_FROM_RANK=-1$/m);
    // No secret reaches the program, its lines, or the log.
    for (const text of [value, run.stdout, run.stderr]) expect(text).not.toMatch(/boss-secret|friend-secret/);
  });

  it('kills the whole group of a line at the deadline', async () => {
    const run = start('run', '--on', 'hang=sleep 4101 & trap "" TERM; sleep 4102', '--', ...program);
    await says(run, /^started$/m);
    expect(await send('hang', '--deadline', '1500')).toMatchObject({ status: 'expired' });
    await isGone('sleep 4101');
    await isGone('sleep 4102');
    expect(run.child.exitCode).toBeNull();
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('kills its lines when rankctl ends by %s', async signal => {
    const run = start('run', '--on', 'hang=trap "" TERM; sleep 4111', '--', ...program);
    await says(run, /^started$/m);
    const sent = start('send', 'hang');
    await eventually(DEADLINE_MS, 'the line', () => (isRunning('sleep 4111') ? true : undefined));
    run.child.kill(signal);
    await isGone('sleep 4111');
    sent.kill();
  });

  it('refuses a signal while the program does not run', async () => {
    const run = start('run', '--members', '2', '--on', 'reload=signal:HUP', '--', ...program);
    await says(run, /joined with rank 0/);
    expect(await send('reload')).toMatchObject({ status: 'failed', code: 'NOT_RUNNING' });
  });
});

describe('R-PROG-9 rankctl run --http', () => {
  it('answers its program, which sends commands and resigns', async () => {
    const run = start('run', '--name', 'ann', '--http', '0', '--', ...program);
    const { url, headers } = await access(run);
    const bob = await joined('bob');
    bob.handle('print', (args: unknown) => args);
    await eventually(DEADLINE_MS, 'both', async () =>
      ((await (await fetch(`${url}/self`)).json()) as { size: number }).size === 2 ? true : undefined,
    );
    const sheet = await fetch(`${url}/commands/print?to=below&deadlineMs=3000`, {
      method: 'POST',
      headers,
      body: '[1]',
    });
    expect(await sheet.json()).toMatchObject({
      recipients: 1,
      done: 1,
      results: [{ value: [1], from: { name: 'bob' } }],
    });
    expect((await fetch(`${url}/leads`)).status).toBe(200);
    expect((await fetch(`${url}/roster`)).status).toBe(401);
    expect(await (await fetch(`${url}/roster`, { headers })).json()).toMatchObject({ size: 2 });
    const resigned = await fetch(`${url}/resign`, { method: 'POST', headers });
    const answer = (await resigned.json()) as Record<string, unknown>;
    // A server without the feature refuses.
    if (resigned.status === 200) expect(answer).toMatchObject({ name: 'ann', rank: 1, leads: false });
    else expect([resigned.status, answer['code']]).toEqual([409, 'UNSUPPORTED']);
    const refused = await fetch(`${url}/commands/print?to=name:ann`, { method: 'POST', headers });
    expect([refused.status, await refused.json()]).toEqual([409, expect.objectContaining({ code: 'OUTRANKED' })]);
    const self = await (await fetch(`${url}/self`)).text();
    for (const text of [self, run.stderr]) expect(text).not.toContain(headers.authorization.slice('Bearer '.length));
  });

  it('reads the clock at the moment of the request, and gives the program a new key at each start', async () => {
    const frozen = await launchServer(repository, leases);
    const own = { ...environment, RANKD_URL: `rankd://127.0.0.1:${frozen.port}` };
    const state = runs.path('state.json');
    const options = [
      '--http',
      '0',
      '--state-file',
      state,
      '--on-change',
      'restart',
      '--restart-every',
      '0',
      '--watch',
      'size',
    ];
    const run = runs.start(['run', ...options, '--', ...program], own);
    const { url } = await access(run);
    const other = runs.start(['run', '--', 'sleep', '1000'], own);
    await eventually(DEADLINE_MS, 'a second start', () =>
      run.stdout.split('\nstarted\n').length > 2 ? true : undefined,
    );
    const keys = new Set([...run.stdout.matchAll(/^RANKD_HTTP_KEY=(.*)$/gm)].map(([, key]) => key));
    expect(keys.size).toBe(run.stdout.split('\nstarted\n').length - 1);
    expect(JSON.parse(readFileSync(state, 'utf8'))).toMatchObject({ rank: 0, leads: true });
    frozen.childProcess.child.kill('SIGSTOP');
    await eventually(DEADLINE_MS, 'no rank', async () =>
      ((await (await fetch(`${url}/self`)).json()) as { rank: unknown }).rank === null ? true : undefined,
    );
    const leads = await fetch(`${url}/leads`);
    expect([leads.status, await leads.text()]).toEqual([503, '0']);
    await eventually(DEADLINE_MS, 'the file', () =>
      (JSON.parse(readFileSync(state, 'utf8')) as { validUntil: unknown }).validUntil === null ? true : undefined,
    );
    run.child.kill('SIGTERM');
    await run.end();
    expect(existsSync(state)).toBe(false);
    other.kill();
    await frozen.childProcess.dispose();
  });

  it('shows in lead that this member leads only while its program runs', async () => {
    const [first, second] = [
      start('lead', '--http', '0', '--', ...program),
      start('lead', '--http', '0', '--', ...program),
    ];
    const urls = await Promise.all([first, second].map(async run => (await says(run, /can ask at (\S+)/))[1] ?? ''));
    const leads = async (): Promise<number[]> =>
      await Promise.all(
        urls.map(async url =>
          fetch(`${url}/leads`).then(
            ({ status }) => status,
            () => 0,
          ),
        ),
      );
    await eventually(DEADLINE_MS, 'one leader', async () => ((await leads()).includes(200) ? true : undefined));
    expect((await leads()).sort()).toEqual([200, 503]);
    const leader = (await leads())[0] === 200 ? 0 : 1;
    [first, second][leader]?.child.kill('SIGTERM');
    await eventually(DEADLINE_MS, 'the next', async () => ((await leads())[1 - leader] === 200 ? true : undefined));
    const next = [first, second][1 - leader];
    expect(next?.stdout).toContain('started');
  });
});

describe('R-PROG bad input', () => {
  const started = (): boolean => existsSync(runs.path('started'));
  const tried = async (...options: string[]): Promise<Ended> =>
    await start('run', ...options, '--', 'touch', runs.path('started')).end();

  it('is one sentence and its exit code, and nothing is started', async () => {
    const taken = createServer();
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve));
    const port = String((taken.address() as AddressInfo).port);
    const seat = { group: 'another', claim: { member: 'm', secret: 's' }, program: 'ended' };
    writeFileSync(runs.path('another.json'), JSON.stringify(seat));
    writeFileSync(runs.path('text'), 'not a seat');
    const wrong: readonly [readonly string[], number, RegExp][] = [
      [['--http', port], 78, /--http cannot listen on 127\.0\.0\.1 port \d+ \(EADDRINUSE/],
      [['--http', 'a:b'], 2, /--http "a:b" is not of the form/],
      [['--seat-file', runs.path('another.json')], 78, /has a seat of group "another", not of "g\d+"/],
      [['--seat-file', runs.path('text')], 78, /is not a seat file of rankctl/],
      [['--seat-file', runs.path('none/seat')], 78, /cannot be written \(ENOENT/],
      [['--state-file', '/dev/null'], 78, /is a device, a pipe or a socket/],
      [['--state-file', runs.path('a'), '--seat-file', runs.path('a')], 2, /are the same file/],
      [['--on', 'print'], 2, /--on "print" is not of the form/],
      [['--on', 'print=true', '--on-parallel', '0'], 2, /--on-parallel must be a whole number/],
    ];
    for (const [options, code, message] of wrong) {
      const ended = await tried(...options);
      expect([options, ended.code]).toEqual([options, code]);
      expect(ended.stderr.trim().split('\n').at(-1)).toMatch(message);
      expect(ended.stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    }
    expect(started()).toBe(false);
    expect(readFileSync(runs.path('text'), 'utf8')).toBe('not a seat');
    taken.close();
  });
});
