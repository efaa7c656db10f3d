import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type LaunchedServer, launchServer, repository } from '@rankd/testkit';
import { DEADLINE_MS, Rankctl } from './rankctl.js';

jest.setTimeout(6 * DEADLINE_MS);

const exec = promisify(execFile);
const directory = mkdtempSync(join(tmpdir(), 'rankctl-package-'));
let server: LaunchedServer;

beforeAll(async () => {
  server = await launchServer(repository, {});
});
afterAll(async () => {
  await server.childProcess.dispose();
  rmSync(directory, { recursive: true, force: true });
});

describe('the package', () => {
  it('works alone, without any other package', async () => {
    const cli = resolve(repository, 'services/cli');
    // prepack would build again while other tests run. The build has been done.
    await exec('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], { cwd: cli });
    const tarball = readdirSync(directory).find(name => name.endsWith('.tgz')) ?? '';
    writeFileSync(join(directory, 'package.json'), '{"private":true}');
    await exec('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: directory });
    expect(readdirSync(join(directory, 'node_modules')).filter(name => !name.startsWith('.'))).toEqual(['@rankd']);
    expect(readdirSync(join(directory, 'node_modules/@rankd'))).toEqual(['cli']);
    const files = readdirSync(join(directory, 'node_modules/@rankd/cli')).sort();
    expect(files).toEqual(['LICENSE', 'README.md', 'bin', 'bundle', 'package.json']);
    const installed = join(directory, 'node_modules/.bin/rankctl');
    const help = await new Rankctl(['--help'], {}, installed).end();
    expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('Usage: rankctl VERB')]);
    const ls = await new Rankctl(['ls'], { RANKD_URL: `rankd://127.0.0.1:${server.port}` }, installed).end();
    expect(ls).toEqual({
      code: 0,
      stdout:
        'group default · 0 members · view 0\nThe group has no members. rankctl groups lists the groups that have members.\n',
      stderr: '',
    });
    const bench = await new Rankctl(['bench'], {}, installed).end();
    expect([bench.code, bench.stderr]).toEqual([
      2,
      expect.stringContaining('give the address of a running server with --url'),
    ]);
  });
});
