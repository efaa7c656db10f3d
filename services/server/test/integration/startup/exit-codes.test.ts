import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { within } from '@rankd/testkit';

jest.setTimeout(20_000);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built server until it exits. */
async function run(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ended> {
  const main = resolve(__dirname, '../../../dist/main.js');
  const child = spawn(process.execPath, [main, ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = new Promise<number | null>(resolve => child.once('close', resolve));
  try {
    return { code: await within(10_000, 'the server to end', code), stdout, stderr };
  } finally {
    child.kill('SIGKILL');
  }
}

describe('an invalid configuration', () => {
  it('makes the server exit with 78 and list every fault on standard error only', async () => {
    const { code, stdout, stderr } = await run({
      RANKD_HOST: '0.0.0.0',
      RANKD_PORT: 'x',
      RANKD_DEAD_MS: '4500',
      RANKD_REDIS_URL: 'ftp://SECRET',
      LOG_FORMAT: 'xml',
    });
    expect(code).toBe(78);
    expect(stdout).toBe('');
    expect(stderr.trimEnd().split('\n')).toEqual([
      'The configuration is invalid:',
      '  - RANKD_PORT must be a whole number from 0 to 65535, not "x"',
      '  - RANKD_REDIS_URL must be a redis:// or rediss:// URL, redis+sentinel://host:26379,host:26379/name, or redis+cluster://host:6379,host:6379',
      '  - LOG_FORMAT must be one of json, pretty, not "xml"',
      expect.stringContaining('2 x heartbeat <= suspend < dead'),
      expect.stringContaining('RANKD_HOST 0.0.0.0 is reachable from other machines'),
    ]);
  });
});

it('an invalid configuration with a misspelled variable is reported together with the name that is meant', async () => {
  const { code, stderr } = await run({ RANKD_HOST: '0.0.0.0', RANKD_TOKN: 'S3CRET' });
  expect(code).toBe(78);
  expect(stderr.trimEnd().split('\n')).toEqual([
    'The configuration is invalid:',
    expect.stringContaining('RANKD_HOST 0.0.0.0 is reachable from other machines'),
    'Warnings:',
    '  - the variable RANKD_TOKN is unknown and not read: did you mean RANKD_TOKEN?',
  ]);
});

describe('an argument', () => {
  it('--help prints the settings and ends the server with 0, even if a setting is wrong', async () => {
    const { code, stdout, stderr } = await run({ RANKD_PORT: 'x' }, '--help');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('RANKD_MEMBERS_MAX (100)');
    expect(stdout).toContain('Exit codes:');
  });

  it('--version prints the version', async () => {
    const { version } = JSON.parse(readFileSync(resolve(__dirname, '../../../package.json'), 'utf8')) as {
      version: string;
    };
    expect(await run({}, '--version')).toEqual({ code: 0, stdout: `rankd ${version}\n`, stderr: '' });
  });

  it('that is unknown ends the server with 2 and a usage line', async () => {
    const { code, stdout, stderr } = await run({}, '--port', '1');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('did you mean the variable RANKD_PORT?\nUsage: npx rankd');
  });
});

describe('a port that is in use', () => {
  it.each(['RANKD_PORT', 'RANKD_HTTP_PORT'])('as %s ends the server with 1 and one clear line', async variable => {
    const other = createServer();
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const ports = { RANKD_PORT: '0', RANKD_HTTP_PORT: '0', [variable]: String(port) };
    // The server also warns of a misspelled variable, and starts nevertheless.
    const { code, stdout, stderr } = await run({ ...ports, RANKD_TOKN: 'S3CRET' });
    other.close();
    expect([code, stderr]).toEqual([1, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'settings.warning', level: 40 });
    expect(lines[0]).toContain('did you mean RANKD_TOKEN?');
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ event: 'failed', code: 'EADDRINUSE', level: 60 });
    expect(lines[1]).toContain(
      `address already in use 127.0.0.1:${port}: stop the program that uses the port, or set another RANKD_PORT or RANKD_HTTP_PORT`,
    );
  });
});

describe('an invalid address of Redis', () => {
  it.each(['redis://:SECRET@', 'redis://:SECRET@host:99999', 'redis://:SECRET@[', 'redis://%zzSECRET@host'])(
    '(%s) makes the server exit, without the address in its output',
    async url => {
      const { code, stdout, stderr } = await run({ RANKD_PORT: '0', RANKD_HTTP_PORT: '0', RANKD_REDIS_URL: url });
      expect(code).toBe(78);
      expect(stderr).toContain('RANKD_REDIS_URL');
      expect(stdout + stderr).not.toContain('SECRET');
    },
  );
});
