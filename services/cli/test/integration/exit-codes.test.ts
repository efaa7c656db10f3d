import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { join, type Membership } from '@rankd/client';
import { type LaunchedServer, launchServer, repository, within } from '@rankd/testkit';
import { bin, DEADLINE_MS, type Ended, Rankctl } from './rankctl.js';

jest.setTimeout(4 * DEADLINE_MS);

let server: LaunchedServer;
let env: Record<string, string>;
const members: Membership[] = [];

beforeAll(async () => {
  server = await launchServer(repository, { RANKD_ADMIN_TOKEN: 'boss' });
  const url = `rankd://127.0.0.1:${server.port}`;
  env = { RANKD_URL: url, RANKD_ADMIN_TOKEN: 'boss' };
  for (const name of ['ann', 'dan']) members.push(await join(url, { name }));
});
afterAll(async () => {
  await Promise.all(members.map(member => member.leave()));
  await server.childProcess.dispose();
});

/** Runs attach with this input, in a group of its own with one more member below it. */
async function attach(input: string, ...more: string[]): Promise<Ended> {
  const group = `g${Math.random()}`;
  const attached = new Rankctl([...more, 'attach', '--group', group], env);
  await attached.says(/joined/);
  const below = await join(env['RANKD_URL'] ?? '', {
    group,
    prepare: member => {
      member.handle('go', () => null);
      member.handle('fail', () => Promise.reject(new Error('no disk')));
    },
  });
  attached.child.stdin?.end(input);
  const ended = await attached.end();
  await below.leave();
  return ended;
}

describe('attach with piped input', () => {
  it.each(['', 'go\n', 'go {"a":1}\r\n\n/ls\n/help', 'go --to all\n/quit\nnot read'])(
    'exits with 0 if every line is done: %j',
    async input => {
      expect(await attach(input)).toMatchObject({ code: 0, stderr: '' });
    },
  );

  it.each([
    ['go {', '{ is not JSON'],
    ['no/name', 'the name of a command must be'],
    ['/frob', 'unknown input /frob'],
    ['go --to 1-', 'is not a list of ranks'],
    [`go ${'['.repeat(40)}${']'.repeat(40)}`, 'the JSON is nested more than 31 deep'],
    ['go --to 0', 'only members with a larger rank number'],
    ['go --to 0-1', '1 of 1 executed it'],
    ['go --to 9', 'no member has the rank'],
    ['none', '0 of 1 executed it'],
    ['fail', '0 of 1 executed it'],
  ])('exits with 1 if a line is not: %j', async (line, said) => {
    // The lines after it are still answered.
    const { code, stdout } = await attach(`${line}\ngo\n/quit\n`);
    expect([code, stdout]).toEqual([1, expect.stringContaining(said)]);
    expect(stdout).toMatch(/go #\d+: 1 of 1 executed it after \d+ ms\n$/);
  });

  it('exits with 1 if the input is not UTF-8', async () => {
    const attached = new Rankctl(['attach', '--json', '--group', 'bytes'], env);
    await attached.says(/joined/);
    attached.child.stdin?.end(Buffer.from([0xff, 0x0a]));
    const { code, stdout } = await attached.end();
    expect([code, stdout]).toEqual([1, expect.stringContaining('{"event":"failed","code":"BAD_INPUT"}\n')]);
  });

  it('sends a string with line separators as one line', async () => {
    const attached = await attach('go "a\u2028b\u2029c"\n', '--json');
    expect([attached.code, attached.stdout.match(/"outcome"/g)?.length]).toEqual([0, 1]);
  });
});

describe('an argument that no server would accept', () => {
  const cases: [string[], string][] = [
    [['send', 'no such name!'], 'NAME must be a string of 1 to 64 of A-Z a-z 0-9 . _ -, not "no such name!"'],
    [['send', ''], 'NAME must be'],
    [['send', 'go', '{"a":{"__proto__":1}}'], 'has a key __proto__'],
    [['send', 'go', `${'['.repeat(32)}${']'.repeat(32)}`], 'the JSON is nested more than 31 deep'],
    [['attach', '--name', 'a b'], '--name must be a string of 1 to 64 visible characters, without spaces, not "a b"'],
    [['attach', '--handle', 'go,my cmd'], '--handle must be a string of 1 to 64 of A-Z a-z 0-9 . _ -, not "my cmd"'],
    [['remove', 'ann', '--reason', 'x'.repeat(65)], '--reason must be a string of 1 to 64 characters'],
    [['ls', '--token', 'x'.repeat(257)], 'the token must be a string of 1 to 256 characters'],
  ];

  it('is a usage error, also without a server', async () => {
    const ends = cases.map(([args]) => new Rankctl(args, { ...env, RANKD_URL: 'rankd://127.0.0.1:1' }).end());
    for (const [at, ended] of (await Promise.all(ends)).entries()) {
      const [args, said] = cases[at] ?? [];
      expect([args, ended.code, ended.stdout]).toEqual([args, 2, '']);
      expect(ended.stderr).toMatch(/^rankctl: [^\n]*\n$/);
      expect(ended.stderr).toContain(said);
    }
  });
});

describe('a move that the server refuses', () => {
  it.each([
    ['dan', '99', 'group default has no rank 99: its ranks are 0 to 1'],
    ['zoe', '0', 'group default has no member with the id or name zoe: run rankctl ls for the list'],
    ['zoe', '99', 'group default has no member with the id or name zoe: run rankctl ls for the list'],
  ])('names what is wrong: move %s %s', async (member, rank, said) => {
    const ended = await new Rankctl(['move', member, rank], env).end();
    expect(ended).toEqual({ code: 1, stdout: '', stderr: `rankctl: ${said}\n` });
  });
});

describe('a pipe whose reader ends', () => {
  it.each(['ls --watch', 'ls --watch --json', 'events --group pipe', 'attach --group pipe'])(
    'ends rankctl %s without an error, though nothing more is written',
    async args => {
      // The input stays open, so that attach does not leave for its end.
      const script = `{ ${process.execPath} ${bin} ${args}; echo "code $?" >&2; } | head -1`;
      const shell = spawn('bash', ['--norc', '-c', script], {
        cwd: tmpdir(),
        env: { ...env, PATH: process.env['PATH'] },
      });
      let said = '';
      shell.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
      const closed = new Promise(resolve => shell.once('close', resolve));
      await within(DEADLINE_MS, 'the end of the pipeline', closed).finally(() => shell.kill('SIGKILL'));
      expect(said).toBe('code 0\n');
    },
  );
});
