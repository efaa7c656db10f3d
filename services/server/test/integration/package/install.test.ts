import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ChildProcess, eventually, RawPeer, repository } from '@rankd/testkit';

const DEADLINE_MS = 10_000;
jest.setTimeout(6 * DEADLINE_MS);

const exec = promisify(execFile);
const project = mkdtempSync(join(tmpdir(), 'rankd-package-'));
const started: ChildProcess[] = [];

beforeAll(async () => {
  // prepack would build again while other tests run. The build has been done.
  const pack = ['pack', '--ignore-scripts', '--pack-destination', project];
  await exec('npm', pack, { cwd: resolve(repository, 'services/server') });
  const tarball = readdirSync(project).find(name => name.endsWith('.tgz')) ?? '';
  writeFileSync(join(project, 'package.json'), '{"private":true}');
  await exec('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: project });
});
afterAll(async () => {
  await Promise.all(started.map(program => program.dispose()));
  rmSync(project, { recursive: true, force: true });
});

function start(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const program = new ChildProcess(command, args, { cwd: project, env, ownGroup: true });
  started.push(program);
  return program;
}

async function runs(command: string, ...args: string[]): Promise<string> {
  return (await exec(command, args, { cwd: project })).stdout;
}

/** Runs a module in the project, which imports `rankd/testing`. */
function script(name: string, body: string): ChildProcess {
  writeFileSync(join(project, name), `import { startRankd } from 'rankd/testing';\n${body}`);
  return start(process.execPath, [name], { RANKD_PORT: '1', RANKD_MEMBERS_MAX: 'junk' });
}

describe('the packed server, installed in an empty project', () => {
  it('needs no other package', () => {
    expect(readdirSync(join(project, 'node_modules')).filter(name => !name.startsWith('.'))).toEqual(['rankd']);
    const files = readdirSync(join(project, 'node_modules/rankd'), { recursive: true }).map(String);
    expect(files.filter(file => /tsbuildinfo|test\/|gateway/.test(file))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/LICENSES.txt', 'dist/page/page.js']));
  });

  it('prints its help and its version', async () => {
    expect(await runs('npx', '--no-install', 'rankd', '--help')).toMatch(/^Usage: npx rankd \[[^]*RANKD_MEMBERS_MAX/m);
    expect(await runs('npx', '--no-install', 'rankd', '--version')).toMatch(/^rankd \d+\.\d+\.\d+\n$/);
  });

  it('serves members and the live page', async () => {
    const server = start('npx', ['--no-install', 'rankd'], { RANKD_PORT: '0', RANKD_HTTP_PORT: '0' });
    const { port, httpPort } = await server.event('listening');
    const peer = await RawPeer.connect(Number(port));
    peer.send({ type: 'hello', name: 'ann' });
    expect(await peer.next('welcome')).toMatchObject({ rank: 0, size: 1, name: 'ann' });
    const page = await fetch(`http://127.0.0.1:${String(httpPort)}/`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect((await fetch(`http://127.0.0.1:${String(httpPort)}/page.js`)).status).toBe(200);
    peer.destroy();
  });
});

describe('rankd/testing', () => {
  it('starts servers of its own, with settings, and stops them at the end of the block', async () => {
    const program = script(
      'settings.mjs',
      `const [one, two] = await Promise.all([startRankd({ settings: { RANKD_MEMBERS_MAX: '3' } }), startRankd()]);
       const metrics = await (await fetch(one.httpUrl + '/healthz')).status;
       console.log(metrics, one.port !== two.port, one.url === 'rankd://127.0.0.1:' + one.port);
       await Promise.all([one[Symbol.asyncDispose](), two.stop('SIGKILL'), two.stop()]);
       console.log(await fetch(one.httpUrl + '/healthz').then(() => 'runs', () => 'stopped'));`,
    );
    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(program.lines).toEqual(['200 true true', 'stopped']);
  });

  it('says why a server does not start', async () => {
    const program = script(
      'invalid.mjs',
      `await startRankd({ settings: { RANKD_MEMBERS_MAX: '0' } }).catch(error => console.log(error.message));
       await startRankd({ startTimeoutMs: 1 }).catch(error => console.log(error.message));`,
    );
    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(program.output).toMatch(/^the server exited with 78 before it listened:\n[^]*RANKD_MEMBERS_MAX/);
    expect(program.output).toContain('the server does not listen within 1 ms:\nno output');
  });

  it('ends the server when the process of the tests is killed', async () => {
    const program = script('killed.mjs', 'console.log(JSON.stringify({ url: (await startRankd()).httpUrl }));');
    const { url } = JSON.parse(await program.line(line => line.startsWith('{'))) as { url: string };
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    program.child.kill('SIGKILL');
    await eventually(DEADLINE_MS, 'the end of the server', () =>
      fetch(`${url}/healthz`).then(
        () => undefined,
        () => true,
      ),
    );
  });
});
