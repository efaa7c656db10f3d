import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { eventually, freePort, fullDevice, stoppedTerminal, within, type OutputSink } from '@rankd/testkit';

const DEADLINE_MS = 20_000;
jest.setTimeout(2 * DEADLINE_MS);

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

function start(stderr: OutputSink, env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(process.execPath, [resolve(__dirname, '../../../dist/main.js')], {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'], RANKD_PORT: '0', ...env },
    stdio: ['ignore', 'ignore', stderr.stdout],
  });
  stderr.attach(child);
  ends.push(
    () => stderr.dispose(),
    () => child.kill('SIGKILL'),
  );
  return child;
}

/** A server with an extra line of code in its process, which SIGUSR2 runs. */
async function startWith(stderr: OutputSink, source: string): Promise<{ child: ChildProcess; readyz: string }> {
  const httpPort = await freePort();
  const module = `process.on('SIGUSR2', () => { ${source} });`;
  const preloaded = `--import=data:text/javascript,${encodeURIComponent(module)}`;
  const child = start(stderr, { RANKD_HTTP_PORT: String(httpPort), NODE_OPTIONS: preloaded });
  const readyz = `http://127.0.0.1:${httpPort}/readyz`;
  await eventually(DEADLINE_MS, 'the server to listen', () => isReady(readyz));
  return { child, readyz };
}

async function isReady(url: string): Promise<true | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS / 2) }).catch(() => undefined);
  return response?.status === 200 ? true : undefined;
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await within(DEADLINE_MS, 'the server to exit', once(child, 'exit'))) as [number | null];
  return code;
}

describe.each<[string, () => OutputSink | Promise<OutputSink>]>([
  ['a terminal after Ctrl-S', stoppedTerminal],
  ['a full disk', fullDevice],
])('a server whose standard error is %s', (_name, open) => {
  it('exits with 78 if the configuration is invalid', async () => {
    expect(await exitOf(start(await open(), { RANKD_DEAD_MS: 'never' }))).toBe(78);
  });

  it('continues when Node or a library prints a warning', async () => {
    const { child, readyz } = await startWith(
      await open(),
      "process.emitWarning('x'.repeat(100_000)); console.warn(1);",
    );
    child.kill('SIGUSR2');
    expect(await isReady(readyz)).toBe(true);
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(0);
  });

  it('exits with 1 at an unexpected exception', async () => {
    const { child } = await startWith(await open(), "throw new Error('planted');");
    child.kill('SIGUSR2');
    expect(await exitOf(child)).toBe(1);
  });
});

it('a crash prints its stack when its terminal continues', async () => {
  const terminal = await stoppedTerminal();
  const { child } = await startWith(terminal, "throw new Error('planted');");
  terminal.release();
  child.kill('SIGUSR2');
  expect(await exitOf(child)).toBe(1);
  await eventually(DEADLINE_MS, 'the stack', () => {
    const shown = terminal.lines().join('\n');
    return /Error: planted\n +at /.test(shown) ? true : undefined;
  });
});
