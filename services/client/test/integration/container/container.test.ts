import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChaosProxy, RawPeer, within, type LaunchedServer, type ChildProcess } from '@rankd/testkit';
import { Administrator } from '../../unit/in-process/administrator.js';
import { DEADLINE_MS, Fleet } from '../fleet.js';

const fleet = new Fleet();
let server: LaunchedServer;

beforeAll(async () => {
  server = await fleet.server({ RANKD_TOKEN: 'open' });
});
afterAll(() => fleet.dispose());

function replica(group: string, name: string, env: Readonly<Record<string, string>> = {}): ChildProcess {
  const url = `rankd://127.0.0.1:${server.port}`;
  return fleet.container({ RANKD_URL: url, RANKD_TOKEN: 'open', RANKD_GROUP: group, RANKD_NAME: name, ...env });
}

async function exitOf(program: ChildProcess): Promise<number | null> {
  return (await within(DEADLINE_MS, 'exit', program.exited)).code;
}

describe('a client container', () => {
  it('logs its events with sentences: connecting, joined, promoted, leaving; exit 0', async () => {
    const group = fleet.newGroup();
    const ann = replica(group, 'ann');
    const address = `127.0.0.1:${server.port}`;
    expect(await ann.event('connecting')).toMatchObject({ address, attempt: 1, msg: `connecting to ${address}` });
    const joined = { rank: 0, size: 1, slot: 0, member: expect.any(String), msg: 'joined with rank 0 of 1: I lead' };
    expect(await ann.event('joined')).toMatchObject(joined);
    const bob = replica(group, 'bob');
    expect(await bob.event('joined')).toMatchObject({ rank: 1, size: 2, slot: 1, msg: 'joined with rank 1 of 2' });
    ann.kill('SIGTERM');
    expect(await ann.event('leaving')).toMatchObject({ signal: 'SIGTERM', msg: 'SIGTERM: leaving' });
    expect(await exitOf(ann)).toBe(0);
    const promoted = await bob.event('promoted');
    expect(promoted).toMatchObject({ level: 30, rank: 0, was: 1, size: 1, cause: 'ann left (sent leave)' });
    expect(promoted['msg']).toBe('I am promoted from rank 1 to rank 0 and lead now: ann left (sent leave)');
    bob.kill('SIGINT');
    expect(await exitOf(bob)).toBe(0);
  });

  it('sends commands to its subordinates, which log the sender and both ranks; a command to a superior is refused', async () => {
    const group = fleet.newGroup();
    const busy = { RANKD_COMMAND_EVERY_MS: '100' };
    const ann = replica(group, 'ann', busy);
    await ann.event('joined');
    const bob = replica(group, 'bob', busy);
    expect(await ann.event('command.sent')).toMatchObject({ name: 'print', rank: 0, to: 'below' });
    const outcome = await ann.event('command.outcome');
    expect(outcome).toMatchObject({
      name: 'print',
      rank: 0,
      recipients: 1,
      done: 1,
      failed: 0,
      refused: 0,
      expired: 0,
    });
    const executed = await bob.event('command.executed', ({ seq }) => seq === outcome['seq']);
    expect(executed).toMatchObject({ name: 'print', from: 'ann', fromRank: 0, rank: 1, status: 'done' });
    expect(executed['msg']).toBe(
      `command print #${String(executed['seq'])} has been executed by order of ann (rank 0); I am rank 1`,
    );
    // The last member always sends to a superior. The deadline is 20 times the interval.
    const refused = await bob.event('command.refused', () => true, 2000);
    expect(refused).toMatchObject({ name: 'print', rank: 1, code: 'OUTRANKED' });
    expect(refused['msg']).toMatch(/^the command to rank 0 was refused \(OUTRANKED\): only members with a larger rank/);
    expect(ann.output).not.toContain('command.executed');
    ann.kill('SIGTERM');
    bob.kill('SIGTERM');
    expect([await exitOf(ann), await exitOf(bob)]).toEqual([0, 0]);
  });

  it('logs that it has lost the server, and that it has its seat again', async () => {
    const lost = await fleet.server({ RANKD_TOKEN: 'open' });
    const ann = replica('default', 'ann', { RANKD_URL: `rankd://127.0.0.1:${lost.port}` });
    await ann.event('joined');
    lost.childProcess.kill('SIGKILL');
    const disconnected = await ann.event('disconnected');
    expect(disconnected).toMatchObject({ level: 40, code: 'NOT_CONNECTED', retryInMs: expect.any(Number) });
    expect(disconnected['msg']).toMatch(/\(NOT_CONNECTED\); reconnecting in \d+ ms$/);
    await fleet.server({ RANKD_TOKEN: 'open', RANKD_PORT: String(lost.port) });
    await ann.line(() => ann.lines.filter(line => line.includes('"event":"joined"')).length === 2);
    ann.kill('SIGTERM');
    expect(await exitOf(ann)).toBe(0);
  });

  it('logs that it waits for a seat, that it is suspended, and that it acts again', async () => {
    const small = await fleet.server({
      RANKD_TOKEN: 'open',
      RANKD_MEMBERS_MAX: '1',
      RANKD_WAITLIST_MAX: '1',
      RANKD_HEARTBEAT_MS: '100',
      RANKD_SUSPEND_MS: '400',
      RANKD_DEAD_MS: '5000',
      RANKD_GRACE_LEADER_MS: '5000',
    });
    const proxy = await ChaosProxy.open(small.port);
    const ann = replica('default', 'ann', { RANKD_URL: `rankd://127.0.0.1:${small.port}` });
    await ann.event('joined');
    const bob = replica('default', 'bob', { RANKD_URL: `rankd://127.0.0.1:${proxy.port}` });
    const waiting = { level: 30, position: 1, of: 1, msg: 'the group is full: waiting for a seat, position 1 of 1' };
    expect(await bob.event('waiting')).toMatchObject(waiting);
    ann.kill('SIGTERM');
    expect(await bob.event('joined')).toMatchObject({ resumed: false, msg: 'joined with rank 0 of 1: I lead' });
    proxy.treat('toClient', 'hold');
    const suspended = { level: 40, rank: 0, because: 'silence' };
    const unheard = 'suspended: not acting on rank 0 until the server answers again';
    expect(await bob.event('suspended')).toMatchObject({ ...suspended, msg: unheard });
    proxy.treat('toClient', 'pass');
    expect(await bob.event('acting')).toMatchObject({ level: 30, rank: 0, msg: 'acting on rank 0 again' });
    proxy.reset();
    const back = { resumed: true, rank: 0, slot: 0, msg: 'back with rank 0 of 1: I lead' };
    expect(await bob.event('joined', ({ resumed }) => resumed === true)).toMatchObject(back);
    bob.kill('SIGTERM');
    expect(await exitOf(bob)).toBe(0);
    await proxy.dispose();
  });

  it('logs that the server asks it to stop leading, and its rank after that', async () => {
    const ruled = await fleet.server({ RANKD_TOKEN: 'open', RANKD_ADMIN_TOKEN: 'admin', RANKD_HEARTBEAT_MS: '100' });
    const url = { RANKD_URL: `rankd://127.0.0.1:${ruled.port}` };
    const ann = replica('default', 'ann', url);
    await ann.event('joined');
    const bob = replica('default', 'bob', url);
    await bob.event('joined');
    const admin = await Administrator.of('default', await RawPeer.connect(ruled.port));
    await admin.move(0, 1);
    const asked = 'yielded: not acting on rank 0 until the server sends the next view';
    expect(await ann.event('suspended')).toMatchObject({ rank: 0, because: 'yield', msg: asked });
    expect(await ann.event('acting')).toMatchObject({ rank: 1, msg: 'acting on rank 1 again' });
    expect(await bob.event('promoted')).toMatchObject({ rank: 0, was: 1, cause: 'ann moved' });
    ann.kill('SIGTERM');
    expect(await exitOf(ann)).toBe(0);
    expect(ann.output).not.toContain('"because":"leave"');
    bob.kill('SIGTERM');
    expect(await exitOf(bob)).toBe(0);
    admin.leave();
  });

  it('exits with 0 on SIGTERM while it still connects', async () => {
    const named = replica('default', 'ann', { RANKD_URL: 'rankd://127.0.0.1:1' });
    const second = ({ attempt }: Record<string, unknown>): boolean => attempt === 2;
    expect(await named.event('disconnected', second)).toMatchObject({ code: 'CONNECT_FAILED', address: '127.0.0.1:1' });
    named.kill('SIGTERM');
    await named.event('leaving');
    expect(await exitOf(named)).toBe(0);
    // Each attempt has one line, and the advice comes once.
    for (const attempt of [1, 2]) {
      expect(named.lines.filter(line => line.includes(`"attempt":${attempt},`))).toHaveLength(1);
    }
    expect(named.lines.filter(line => /check the address/i.test(line))).toHaveLength(1);
    expect(named.output).not.toContain('failed');
  });

  it('has the name of its host outside a container', async () => {
    const group = fleet.newGroup();
    const unnamed = replica(group, '');
    const { member } = await unnamed.event('joined');
    const joined = await server.childProcess.event('member.joined', fields => fields['member'] === member);
    expect(joined['name']).toBe(hostname());
    unnamed.kill('SIGTERM');
    expect(await exitOf(unnamed)).toBe(0);
  });

  it('has the tags of its environment', async () => {
    const group = fleet.newGroup();
    const { member } = await replica(group, 'ann', { RANKD_TAGS: 'zone=a,disk=ssd' }).event('joined');
    const url = `http://127.0.0.1:${server.httpPort}/api/groups/${group}`;
    const { members } = (await (await fetch(url)).json()) as { members: unknown[] };
    expect(members).toMatchObject([{ member, name: 'ann', tags: { zone: 'a', disk: 'ssd' } }]);
  });
});

describe('a client container that cannot continue', () => {
  it('exits with 78 and reports every invalid setting at once', async () => {
    const env = { RANKD_URL: 'http://x', RANKD_TAGS: 'zone', RANKD_NAME: 'two words', RANKD_COMMAND_EVERY_MS: 'often' };
    const program = replica('not a group', 'x', { ...env, LOG_FORMAT: 'xml' });
    expect(await exitOf(program)).toBe(78);
    for (const variable of [...Object.keys(env), 'RANKD_GROUP', 'LOG_FORMAT']) {
      expect(program.lines.filter(line => line.includes(variable))).toHaveLength(1);
    }
    expect(program.output).not.toContain('    at ');
  });

  it('exits with 1 and one clear line if its token is wrong', async () => {
    const program = replica('default', 'ann', { RANKD_TOKEN: 'shut' });
    expect(await exitOf(program)).toBe(1);
    expect(program.lines.filter(line => line.includes('"event":"failed"'))).toHaveLength(1);
    const { level, code, msg } = await program.event('failed');
    expect([level, code]).toEqual([60, 'UNAUTHORIZED']);
    expect(msg).toBe(
      'stopping: the token or the client certificate is missing or wrong: send the token of this server in hello (RANKD_TOKEN or RANKD_TOKEN_FILE), or use a certificate of its CA (UNAUTHORIZED)',
    );
    expect(program.output).not.toContain('    at ');
  });
});
