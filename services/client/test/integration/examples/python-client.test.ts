import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Membership } from '@rankd/client';
import {
  ChaosProxy,
  ChildProcess,
  DevelopmentCertificates,
  eventually,
  firstSteering,
  hostileTexts,
  type LaunchedServer,
  RawPeer,
  repository,
  within,
} from '@rankd/testkit';
import { Administrator } from '../../unit/in-process/administrator.js';
import { ScriptedCoordinator } from '../../unit/in-process/scripted-coordinator.js';
import { viewOf, welcomeOf } from '../../unit/messages.js';
import { DEADLINE_MS, Fleet, next } from '../fleet.js';

const SUSPEND_MS = 1500;
const QUICK = {
  RANKD_HEARTBEAT_MS: '200',
  RANKD_SUSPEND_MS: String(SUSPEND_MS),
  RANKD_DEAD_MS: '2000',
  RANKD_ADMIN_TOKEN: 'admin',
};
/** A member that prints its rank, the size, its slot and the leader after each change. Its listener of events throws. */
const SHOWS = `
import asyncio, json, sys
from rankd import join

def throw(frame):
    raise ValueError("of the application")

async def main():
    me, shown = await join(sys.argv[1], group=sys.argv[2], on_event=throw), None
    while True:
        now = [me.rank, me.size, me.slot, me.leader["name"]]
        print(json.dumps(now), flush=True)
        await me.until(lambda: [me.rank, me.size, me.slot, me.leader["name"]] != now)

asyncio.run(main())`;
/** A member whose leader work and whose command end when a file exists. */
const SLOW = `
import asyncio, os, sys
from rankd import join

async def ended():
    while not os.path.exists(sys.argv[2]):
        await asyncio.sleep(0.01)

async def act(fence):
    print("leads", flush=True)
    try:
        await asyncio.sleep(3600)
    finally:
        print("stopping", flush=True)
        await ended()

async def wait(args, sender):
    await ended()

async def main():
    async with join(sys.argv[1]) as me:
        me.handlers["wait"] = wait
        await me.lead(act)

asyncio.run(main())`;
/** A member that leads, and resigns when the group has the given size. */
const RESIGNS = `
import asyncio, sys
from rankd import RankdError, join

async def act(fence):
    print("leads", flush=True)
    try:
        await asyncio.sleep(3600)
    finally:
        print("stopping", flush=True)
        await asyncio.sleep(0.1)
        print("stopped", flush=True)

async def main():
    async with join(sys.argv[1], name="ann", group=sys.argv[2]) as me:
        leading = asyncio.create_task(me.lead(act))
        await me.until(lambda: me.rank == 0 and me.size == int(sys.argv[3]))
        try:
            await me.resign()
            print("resigned to", me.rank, flush=True)
        except RankdError as error:
            print(error.code, flush=True)
        await leading

asyncio.run(main())`;
/** TASKS_MAX of rankd.py without the two tasks that every member has. */
const COMMANDS_MAX = 99;
const folder = resolve(repository, 'examples/python');

const fleet = new Fleet();
const members: ChildProcess[] = [];
const proxies: ChaosProxy[] = [];
let server: LaunchedServer;
let group: string;
let directory: string;

beforeAll(async () => {
  const { error, status } = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']);
  if (error !== undefined || status !== 0) throw new Error('these tests need python3, 3.9 or later, in PATH');
  server = await fleet.server(QUICK);
});
afterAll(() => fleet.dispose());
beforeEach(async () => {
  group = fleet.newGroup();
  directory = await mkdtemp(join(tmpdir(), 'rankd-python-'));
});
afterEach(async () => {
  await Promise.all(members.splice(0).map(member => member.dispose()));
  await Promise.all(proxies.splice(0).map(proxy => proxy.dispose()));
  await rm(directory, { recursive: true, force: true });
});

const stampsOf = (name: string): string => join(directory, name);

/** Starts a member in Python, in a process that can import only the standard library. */
function python(
  name: string,
  url: string,
  env: Readonly<Record<string, string>> = {},
  ...more: readonly string[]
): ChildProcess {
  const options = ['--name', name, '--group', group, '--stamps', stampsOf(name), '--every-ms', '10'];
  const member = new ChildProcess('python3', ['-S', '-B', join(folder, 'member.py'), url, ...options, ...more], {
    env,
  });
  members.push(member);
  return member;
}

/** Starts a member that resigns when the group has `size` members. */
function resigning(port: number, size: number): ChildProcess {
  const args = ['-S', '-B', '-c', RESIGNS, `rankd://127.0.0.1:${port}`, group, String(size)];
  const member = new ChildProcess('python3', args, { env: { PYTHONPATH: folder } });
  members.push(member);
  return member;
}

async function seated(name: string, port = server.port): Promise<ChildProcess> {
  const member = python(name, `rankd://127.0.0.1:${port}`);
  await member.event('welcome');
  return member;
}

interface Stamp {
  readonly fence: readonly [epoch: number, view: number];
  /** When it checked whether it may act, by its own clock. */
  readonly lookedAtMs: number;
}

/** Returns what the member has written as the leader. */
function stamps(name: string): Stamp[] {
  const text = existsSync(stampsOf(name)) ? readFileSync(stampsOf(name), 'utf8') : '';
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as Stamp);
}

/** Resolves with all stamps when it has written again. */
async function stamped(name: string): Promise<Stamp[]> {
  const before = stamps(name).length;
  return eventually(DEADLINE_MS, 'stamp', () => (stamps(name).length > before ? stamps(name) : undefined));
}

/**
 * Checks a member that was stopped past suspendMs after `earlier`: no check after the stop allowed it to act. One check may have
 * been just before the stop, with its write after the stop. Only the written resource can refuse that write (docs/leadership.md).
 */
function expectNoLookSince(earlier: readonly Stamp[], now: readonly Stamp[]): void {
  const stoppedAtMs = earlier.at(-1)?.lookedAtMs ?? 0;
  expect(now.filter(({ lookedAtMs }) => lookedAtMs >= stoppedAtMs + SUSPEND_MS / 2)).toEqual([]);
  expect(now.length).toBeLessThanOrEqual(earlier.length + 1);
}

const fencesOf = (all: readonly Stamp[]): string[] => [...new Set(all.map(({ fence }) => fence.join()))];

const eventsOf = ({ lines }: ChildProcess): unknown[] =>
  lines.map(line => (JSON.parse(line) as { event: unknown }).event);

/** Starts two members of the library that execute `print`, below the present members. */
async function twoBelow(): Promise<Membership[]> {
  const two = await fleet.joinAll(server.port, ['willing', 'unwilling'], { group });
  two[0].handle('print', args => args);
  two[1].handle('print', () => {
    throw new Error('out of paper');
  });
  return two;
}

it('the client in Python has less than 325 lines, and runs with Python 3.9', () => {
  expect(readdirSync(folder).filter(name => name.endsWith('.py'))).toEqual(['member.py', 'rankd.py']);
  expect(readFileSync(join(folder, 'rankd.py'), 'utf8').split('\n').length - 1).toBeLessThan(325);
  const script = 'import ast, sys; [ast.parse(open(path).read(), feature_version=(3, 9)) for path in sys.argv[1:]]';
  const files = ['member.py', 'rankd.py'].map(name => join(folder, name));
  expect(spawnSync('python3', ['-c', script, ...files], { encoding: 'utf8' }).stderr).toBe('');
});

/** Runs a script that imports rankd.py. */
function run(script: string, ...args: string[]): { stdout: string; stderr: string } {
  const options = { env: { PYTHONPATH: folder, PATH: process.env['PATH'] }, encoding: 'utf8' } as const;
  return spawnSync('python3', ['-S', '-B', '-c', script, ...args], { ...options, timeout: DEADLINE_MS });
}

it('the client in Python accepts only a URL with a scheme, a host and a port, and names what is wrong', () => {
  const good = ['rankd://h', 'rankds://h:1', 'RANKD://h:65535', 'rankd://[::1]:5', 'rankd://h/'];
  const bad: Readonly<Record<string, string>> = {
    'localhost:2700': 'no scheme',
    '': 'no scheme',
    'http://h:1': "the scheme is 'http'",
    'rankd://:1': 'no host',
    'rankd://h:0': 'the port',
    'rankd://h:65536': 'the port',
    'rankd://h:x': 'the port',
    'rankd://h:-1': 'the port',
    'rankd://h/x': 'a path',
    'rankd://h?x': 'a path',
    'rankd://ann:secret@h': 'a user',
    'rankd://a b': 'a space',
    'rankd://h\n': 'a space',
    'rankd://a,rankd://b': 'no host',
  };
  const script = `
import json, sys
from rankd import RankdError, join
for url in json.loads(sys.argv[1]):
    try:
        join(url)
        print("good")
    except RankdError as error:
        print(error)
`;
  const { stdout } = run(script, JSON.stringify([...good, ...Object.keys(bad)]));
  const lines = stdout.split('\n');
  expect(lines.slice(0, good.length)).toEqual(good.map(() => 'good'));
  expect(lines.slice(good.length, -1)).toEqual(
    Object.values(bad).map(what => expect.stringMatching(`^BAD_ARGUMENT: .*rankds?://host:port.*${what}`)),
  );
  expect(stdout).not.toContain('secret');
});

it('the client in Python gives up after join_within_ms, and says what it tried and why it failed', async () => {
  const script = `
import asyncio, sys
from rankd import RankdError, join

async def main(url, within_ms):
    try:
        await join(url, join_within_ms=within_ms)
    except RankdError as error:
        print(error)

asyncio.run(main(sys.argv[1], float(sys.argv[2])))`;
  expect(run(script, 'rankd://127.0.0.1:1', '300').stdout).toMatch(
    /^CONNECT_FAILED: not admitted within 0\.3 s: 127\.0\.0\.1:1: ConnectionRefusedError/,
  );
  expect(run(script, `rankd://127.0.0.1:${server.httpPort}`, '300').stdout).toMatch(
    /^CONNECT_FAILED: .*the server on this port is not rankd: it sent b'HTTP\/1\.1 400/,
  );
  for (const wrong of ['0', '-1', 'nan']) {
    expect(run(script, 'rankd://127.0.0.1:1', wrong).stdout).toMatch(/^BAD_ARGUMENT: join_within_ms/);
  }
  const silent = await ScriptedCoordinator.open();
  const member = new ChildProcess('python3', ['-S', '-B', '-c', script, `rankd://127.0.0.1:${silent.port}`, '300'], {
    env: { PYTHONPATH: folder },
  });
  members.push(member);
  await member.line(line => line === 'CONNECT_FAILED: not admitted within 0.3 s: no answer');
  silent.dispose();
});

it('the three lines of the README print the rank and the size', async () => {
  const [, block = ''] = /```python\n([^]*?)```/.exec(readFileSync(join(folder, 'README.md'), 'utf8')) ?? [];
  const lines = block.trim().split('\n');
  expect(lines).toHaveLength(3);
  const all = await fleet.joinAll(server.port, ['ann', 'bob']);
  const repl = spawn('python3', ['-B', '-m', 'asyncio'], { env: { ...process.env, PYTHONPATH: folder } });
  let output = '';
  for (const stream of [repl.stdout, repl.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  repl.stdin.write(
    `${lines.slice(0, 2).join('\n').replace('rankd://127.0.0.1:2700', `rankd://127.0.0.1:${server.port}`)}\n`,
  );
  await server.childProcess.event('member.joined', ({ rank, group: joined }) => rank === 2 && joined === 'default');
  all.push(...(await fleet.joinAll(server.port, ['cid', 'dan'])));
  await eventually(DEADLINE_MS, 'the size', () => {
    repl.stdin.write(`${lines[2] ?? ''}\n`);
    return output.includes('I am 2 of 5') ? true : undefined;
  });
  const ended = once(repl, 'close');
  repl.stdin.end();
  await within(DEADLINE_MS, 'its end', ended);
  await Promise.all(all.map(async member => member.leave()));
});

it('a traceback of the client in Python has no control characters of the server', () => {
  const script = `
import json, sys, traceback
from rankd import RankdError
for text in json.loads(sys.argv[1]):
    try:
        raise RankdError({"code": "REMOVED", "message": text})
    except RankdError:
        traceback.print_exc(chain=False)
`;
  const options = { env: { PYTHONPATH: folder, PATH: process.env['PATH'] }, encoding: 'utf8' } as const;
  const { stderr } = spawnSync('python3', ['-S', '-B', '-c', script, JSON.stringify(hostileTexts)], options);
  expect(stderr.match(/^rankd\.RankdError: REMOVED: /gm)).toHaveLength(hostileTexts.length);
  expect(firstSteering(stderr)).toBeUndefined();
});

describe('a member in Python', () => {
  it('joins, is promoted when the leader leaves, and leads', async () => {
    const [ann] = await fleet.joinAll(server.port, ['ann'], { group });
    const bob = await seated('bob');
    expect(await bob.event('welcome')).toMatchObject({ rank: 1, size: 2, resumed: false });
    await ann.leave();
    expect(await bob.event('promoted')).toMatchObject({ rank: 0, was: 1, size: 1 });
    await bob.event('leads');
    await stamped('bob');
  });

  it('R-CMD-5 executes a command of rank 0, and answers', async () => {
    const ann = await RawPeer.connect(server.port);
    ann.send({ type: 'hello', name: 'ann', group });
    await ann.next('welcome');
    const bob = await seated('bob');
    ann.send({ type: 'command', id: '1', name: 'print', args: { é: [1, null, '☃'] }, reply: 'each' });
    expect(await ann.next('result')).toMatchObject({ status: 'done', value: { printed: true }, from: { name: 'bob' } });
    expect(await ann.next('outcome')).toMatchObject({ id: '1', recipients: 1, done: 1, missing: [] });
    expect(await bob.event('print')).toMatchObject({ args: { é: [1, null, '☃'] }, by: 'ann' });
    ann.send({ type: 'command', id: '2', name: 'dance', reply: 'each' });
    expect(await ann.next('result')).toMatchObject({ status: 'refused', error: { code: 'NO_HANDLER' } });
    ann.destroy();
  });

  it('R-CMD-7 sends commands to its subordinates, and gets the exact outcome; R-CMD-3 learns which members outrank it', async () => {
    const [ann] = await fleet.joinAll(server.port, ['ann'], { group });
    await seated('bob');
    await twoBelow();
    const answers: unknown[] = [];
    for await (const { value } of ann.stream('relay', { args: 7, to: 'all' }, { to: { names: ['bob'] } }))
      answers.push(value);
    expect(answers).toMatchObject([
      {
        recipients: 2,
        done: 1,
        failed: 1,
        refused: 0,
        expired: 0,
        left: 0,
        missing: [{ rank: 3, name: 'unwilling', status: 'failed' }],
        receipt: { recipients: 2, refused: [{ name: 'ann', rank: 0, code: 'OUTRANKED' }], refusedCount: 1 },
      },
    ]);
  });

  it('knows the size, its slot and the leader, as they change', async () => {
    const all = await fleet.joinAll(server.port, ['ann', 'eve'], { group });
    const args = ['-S', '-B', '-c', SHOWS, `rankd://127.0.0.1:${server.port}`, group];
    const bob = new ChildProcess('python3', args, { env: { PYTHONPATH: folder } });
    members.push(bob);
    await bob.line(line => line === '[2, 3, 2, "ann"]');
    const [cid] = await fleet.joinAll(server.port, ['cid'], { group });
    await bob.line(line => line === '[2, 4, 2, "ann"]');
    await all[0].leave();
    await bob.line(line => line === '[1, 3, 2, "eve"]');
    await cid.leave();
    await bob.line(line => line === '[1, 2, 2, "eve"]');
  });

  it('R-LEAD-2 yields when it is moved: it stops, then another member leads', async () => {
    const ann = await seated('ann');
    const [bob] = await fleet.joinAll(server.port, ['bob'], { group });
    await stamped('ann');
    const administrator = await Administrator.of(group, await RawPeer.connect(server.port));
    const leads = next(bob, 'rank', ({ rank }) => rank === 0);
    await administrator.move(0, 1);
    await leads;
    const written = stamps('ann');
    await ann.event('view', ({ rank, was }) => rank === 1 && was === 0);
    expect(eventsOf(ann)).toEqual(['welcome', 'leads', 'yield', 'stopped', 'view']);
    await administrator.move(1, 0);
    await ann.event('promoted');
    const later = (await stamped('ann')).slice(written.length);
    expect([fencesOf(written).length, fencesOf(later).length]).toEqual([1, 1]);
    expect(fencesOf(later)).not.toEqual(fencesOf(written));
    administrator.leave();
  });

  it('R-RESIGN-1 resigns: it stops, then another member leads, and it leads again later', async () => {
    const ann = resigning(server.port, 2);
    await ann.line(line => line === 'leads');
    const [bob] = await fleet.joinAll(server.port, ['bob'], { group });
    const { cause } = await next(bob, 'rank', ({ rank }) => rank === 0);
    expect(cause).toMatchObject({ kind: 'moved', name: 'ann', reason: 'RESIGNED' });
    await ann.line(line => line === 'resigned to 1');
    expect(ann.lines).toEqual(['leads', 'stopping', 'stopped', 'resigned to 1']);
    await bob.leave();
    await eventually(DEADLINE_MS, 'a second lead', () => (ann.lines.at(-1) === 'leads' ? true : undefined));
  });

  it('R-RESIGN-1 acts again at once if there is no other member', async () => {
    const ann = resigning(server.port, 1);
    await ann.line(line => line === 'resigned to 0');
    await eventually(DEADLINE_MS, 'a second lead', () => (ann.lines.at(-1) === 'leads' ? true : undefined));
  });

  it('R-LEAD-3 does not act after it was stopped past deadMs, and rejoins with the last rank', async () => {
    const ann = await seated('ann');
    const [bob] = await fleet.joinAll(server.port, ['bob'], { group });
    const leads = next(bob, 'rank', ({ rank }) => rank === 0);
    await stamped('ann');
    await ann.stop();
    const written = stamps('ann');
    await leads;
    ann.kill('SIGCONT');
    await ann.event('welcome', ({ rank }) => rank === 1);
    expectNoLookSince(written, stamps('ann'));
    await bob.leave();
    await ann.event('promoted');
    const later = (await stamped('ann')).at(-1);
    expect(later?.fence[1]).toBeGreaterThan(written[0]?.fence[1] ?? 0);
  });

  it('R-JOIN-6 takes back its seat when its connection is cut, with the same fencing token', async () => {
    const graceful = await fleet.server({ ...QUICK, RANKD_GRACE_MS: '20000', RANKD_GRACE_LEADER_MS: '20000' });
    const proxy = await ChaosProxy.open(graceful.port);
    proxies.push(proxy);
    const ann = await seated('ann', proxy.port);
    const [bob] = await fleet.joinAll(graceful.port, ['bob'], { group });
    const first = await ann.event('welcome');
    await stamped('ann');
    proxy.reset();
    expect(await ann.event('welcome', ({ resumed }) => resumed === true)).toMatchObject({
      member: first['member'],
      rank: 0,
    });
    expect(fencesOf(await stamped('ann'))).toHaveLength(1);
    expect(bob.rank).toBe(1);
  });

  it('uses TLS, and only with a server whose certificate it can verify', async () => {
    const certificates = await DevelopmentCertificates.make(repository);
    const [cert, key] = ['server.pem', 'server-key.pem'].map(name => certificates.path(name));
    const secure = await fleet.server({ ...QUICK, RANKD_TLS_CERT: cert ?? '', RANKD_TLS_KEY: key ?? '' });
    const url = `rankds://localhost:${secure.port}`;
    const believing = python('ann', url, { SSL_CERT_FILE: certificates.path('ca.pem') });
    await believing.event('welcome', ({ rank }) => rank === 0);
    await python('cid', url, {}, '--ca', certificates.path('ca.pem')).event('welcome', ({ rank }) => rank === 1);
    await python('bob', url).event('lost', ({ message }) => String(message).includes('CERTIFICATE_VERIFY_FAILED'));
    await certificates.dispose();
  });

  it('leaves on SIGTERM', async () => {
    const ann = await seated('ann');
    const [bob] = await fleet.joinAll(server.port, ['bob'], { group });
    await ann.event('leads');
    const promoted = next(bob, 'rank');
    ann.kill('SIGTERM');
    await expect(promoted).resolves.toMatchObject({ rank: 0, cause: { kind: 'left', name: 'ann', reason: 'LEFT' } });
    expect(await within(DEADLINE_MS, 'its end', ann.exited)).toEqual({ code: 0, signal: null });
    expect(eventsOf(ann)).toEqual(['welcome', 'leads', 'stopped', 'left']);
  });

  it('R-BYE-1 exits if the server does not allow a retry', async () => {
    const ann = await seated('ann');
    const administrator = await Administrator.of(group, await RawPeer.connect(server.port));
    await administrator.remove(0);
    expect(await within(DEADLINE_MS, 'its end', ann.exited)).toEqual({ code: 1, signal: null });
    expect(ann.output).toContain('rankd: REMOVED: ');
    administrator.leave();
  });
});

describe('a member in Python with a scripted server', () => {
  let coordinator: ScriptedCoordinator;
  beforeEach(async () => {
    coordinator = await ScriptedCoordinator.open();
  });
  afterEach(() => coordinator.dispose());

  async function welcomed(fields: object): Promise<ChildProcess> {
    const member = python('ann', `rankd://127.0.0.1:${coordinator.port}`);
    await coordinator.untilReceived('hello');
    coordinator.send({ ...welcomeOf(), suspendMs: SUSPEND_MS, deadMs: 600_000, ...fields });
    await member.event('welcome');
    return member;
  }

  it('R-CMD-4 refuses a forged command from a subordinate or an equal rank, and one whose deadline has passed', async () => {
    await welcomed({ rank: 1 });
    const command = { type: 'command', view: 1, name: 'print', deadlineMs: 5000, reply: true };
    const from = (rank: number): object => ({ member: 'm9', name: 'eve', rank });
    coordinator.send({ ...command, seq: 2, from: from(2) }, { ...command, seq: 3, from: from(1) });
    coordinator.send({ ...command, seq: 4, from: from(0), deadlineMs: 0 }, { ...command, seq: 5, from: from(-1) });
    await coordinator.untilReceived('result', 4);
    const results = coordinator.received.filter(({ type }) => type === 'result');
    expect(
      results.map(({ seq, status, error }) => [seq, status, (error as { code?: string } | undefined)?.code]),
    ).toEqual([
      [2, 'refused', 'OUTRANKED'],
      [3, 'refused', 'OUTRANKED'],
      [4, 'refused', 'DEADLINE_PASSED'],
      [5, 'done', undefined],
    ]);
  });

  it('R-LEAD-3 is suspended when it was stopped past suspendMs, and acts again after an acknowledgement', async () => {
    const ann = await welcomed({ rank: 0 });
    await stamped('ann');
    await ann.stop();
    const written = stamps('ann');
    await sleep(SUSPEND_MS);
    ann.kill('SIGCONT');
    await ann.event('suspended');
    await ann.event('stopped');
    coordinator.send({ type: 'ping', n: 1, seen: 0 });
    await coordinator.untilReceived('pong', 1);
    coordinator.send({
      type: 'command',
      seq: 2,
      view: 1,
      name: 'print',
      deadlineMs: 5000,
      reply: true,
      from: { member: 'm9', name: 'eve', rank: -1 },
    });
    await coordinator.untilReceived('result');
    expect(coordinator.received.at(-1)).toMatchObject({ status: 'refused', error: { code: 'SUSPENDED' } });
    expectNoLookSince(written, stamps('ann'));
    coordinator.send({ type: 'ping', n: 2, seen: 1 });
    await ann.event('restored');
    expect(fencesOf(await stamped('ann'))).toHaveLength(1);
  });

  it('R-JOIN-6 resumes its seat with the epoch, after at most 1 s and the time that the server asks for', async () => {
    const ann = await welcomed({ rank: 1, epoch: 71, resume: 'secret-7' });
    const bye = { type: 'bye', code: 'DRAINING', message: 'stopping', retry: true, retryAfterMs: 700 };
    const startedAtMs = performance.now();
    coordinator.send(bye);
    await ann.event('lost', ({ code }) => code === 'DRAINING');
    await coordinator.untilReceived('hello', 2);
    expect(performance.now() - startedAtMs).toBeGreaterThan(650);
    const hello = coordinator.received.filter(({ type }) => type === 'hello').at(-1);
    const { member } = welcomeOf();
    expect(hello).toMatchObject({ updates: 'size', resume: { member, secret: 'secret-7', epoch: 71 } });
    coordinator.send({ ...welcomeOf(), resumed: true, resume: 'secret-8', epoch: 71 });
    await ann.event('welcome', ({ resumed }) => resumed === true);
  });

  it.each(['REPLACED', 'UNAUTHORIZED', 'SOMETHING_NEW'])(
    'R-BYE-1 ends with %s, which no retry can solve',
    async code => {
      const ann = await welcomed({ rank: 1 });
      coordinator.send({ type: 'bye', code, message: 'enough', retry: false });
      expect(await within(DEADLINE_MS, 'its end', ann.exited)).toEqual({ code: 1, signal: null });
      expect(ann.output).toContain(`rankd: ${code}: enough`);
      expect(coordinator.receivedTypes.filter(type => type === 'hello')).toHaveLength(1);
    },
  );

  it('continues after a frame without a field that it needs, on another connection', async () => {
    const ann = await welcomed({ rank: 1 });
    coordinator.send({ type: 'ping' });
    await ann.event('lost', ({ message }) => String(message).includes("KeyError: 'n'"));
    await coordinator.untilReceived('hello', 2);
  });

  async function slow(rank: number): Promise<{ member: ChildProcess; end: () => Promise<void> }> {
    const ended = join(directory, 'ended');
    const args = ['-S', '-B', '-c', SLOW, `rankd://127.0.0.1:${coordinator.port}`, ended];
    const member = new ChildProcess('python3', args, { env: { PYTHONPATH: folder } });
    members.push(member);
    await coordinator.untilReceived('hello');
    coordinator.send({ ...welcomeOf({ rank }), suspendMs: 600_000, deadMs: 900_000 });
    return { member, end: () => writeFile(ended, '') };
  }

  it('R-LEAD-2 answers `yielded` only when its leader work has ended', async () => {
    const { member, end } = await slow(0);
    await member.line(line => line === 'leads');
    coordinator.send({ type: 'yield' });
    await member.line(line => line === 'stopping');
    coordinator.send({ type: 'ping', n: 1, seen: 0 });
    await coordinator.untilReceived('pong');
    expect(coordinator.receivedTypes).not.toContain('yielded');
    await end();
    await coordinator.untilReceived('yielded');
  });

  it('R-RESIGN-1 does not act on a view from before its answer, and answers a request to yield by it', async () => {
    const ann = resigning(coordinator.port, 2);
    await coordinator.untilReceived('hello');
    coordinator.send({ ...welcomeOf({ features: ['resign'] }), suspendMs: 600_000, deadMs: 900_000 });
    await ann.line(line => line === 'leads');
    const joined = { kind: 'joined', member: 'm2', name: 'bob' } as const;
    coordinator.send(viewOf({ rank: 0, was: 0, size: 2, changes: 1, cause: joined }));
    await ann.line(line => line === 'stopping');
    coordinator.send({ type: 'yield' });
    await coordinator.untilReceived('resign');
    coordinator.send(viewOf({ rank: 0, was: 0, size: 2, changes: 0 }), viewOf({ rank: 1, was: 0, size: 2 }));
    coordinator.send({ type: 'ping', n: 1, seen: 0 });
    await coordinator.untilReceived('pong');
    expect(ann.lines).toEqual(['leads', 'stopping', 'stopped']);
    const cause = { kind: 'moved', member: 'm1', name: 'ann', reason: 'RESIGNED' } as const;
    coordinator.send(viewOf({ rank: 1, was: 1, size: 2, changes: 1, cause }));
    await ann.line(line => line === 'resigned to 1');
    expect(coordinator.receivedTypes).toEqual(['hello', 'resign', 'pong']);
  });

  it.each([
    ['UNSUPPORTED', 'the server lacks the feature', []],
    ['NOT_CONNECTED', 'the session ends before the answer', ['resign']],
  ])('R-RESIGN-1 raises %s if %s', async (code, _why, features) => {
    const ann = resigning(coordinator.port, 1);
    await coordinator.untilReceived('hello');
    coordinator.send({ ...welcomeOf({ features }), suspendMs: 600_000, deadMs: 900_000 });
    if (features.length > 0) {
      await coordinator.untilReceived('resign');
      coordinator.send({ type: 'bye', code: 'DRAINING', message: 'stopping', retry: true });
    }
    await ann.line(line => line === code);
  });

  it('answers pings while it executes the largest number of commands, and refuses the next', async () => {
    const { end } = await slow(1);
    coordinator.send({ type: 'ping', n: 1, seen: 0 });
    await coordinator.untilReceived('pong');
    const from = { member: 'm9', name: 'eve', rank: 0 };
    const command = { type: 'command', view: 1, name: 'wait', deadlineMs: 60_000, reply: true, from };
    const codes = (): unknown[] =>
      coordinator.received
        .filter(({ type }) => type === 'result')
        .map(({ error }) => (error as { code?: string } | undefined)?.code);
    for (let seq = 1; seq <= COMMANDS_MAX; seq += 1) coordinator.send({ ...command, seq });
    coordinator.send({ type: 'ping', n: 2, seen: 1 });
    await coordinator.untilReceived('pong', 2);
    expect(codes()).toEqual([]);
    coordinator.send({ ...command, seq: COMMANDS_MAX + 1 });
    await coordinator.untilReceived('result');
    expect(codes()).toEqual(['BUSY']);
    await end();
    await coordinator.untilReceived('result', COMMANDS_MAX + 1);
    expect(new Set(codes().slice(1))).toEqual(new Set([undefined]));
  });

  it('R-LEAD-2 answers each yield once, and acts again on a view with the same rank', async () => {
    const ann = await welcomed({ rank: 0 });
    await ann.event('leads');
    coordinator.send({ type: 'yield' });
    await coordinator.untilReceived('yielded');
    await ann.event('stopped');
    const written = stamps('ann');
    coordinator.send({ type: 'ping', n: 1, seen: 0 });
    await coordinator.untilReceived('pong');
    expect(stamps('ann')).toEqual(written);
    coordinator.send(viewOf({ rank: 0, was: 0, changes: 0 }));
    await stamped('ann');
    coordinator.send({ type: 'yield' }, viewOf({ rank: 0, was: 0, changes: 0 }), { type: 'yield' });
    await coordinator.untilReceived('yielded', 3);
    coordinator.send(viewOf({ rank: 0, was: 0, changes: 0 }));
    await stamped('ann');
    expect(coordinator.receivedTypes.filter(type => type === 'yielded')).toHaveLength(3);
  });
});
