import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ChildProcess, eventually, type LaunchedServer, launchServer, repository, within } from '@rankd/testkit';

const DEADLINE_MS = 60_000;
jest.setTimeout(4 * DEADLINE_MS);

const hasEngine = spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 15_000 }).status === 0;
const image = /^ARG NODE_IMAGE=(.*)$/m.exec(readFileSync(resolve(repository, 'Dockerfile.server'), 'utf8'))?.[1] ?? '';

let server: LaunchedServer;
let containers: { readonly name: string; readonly run: ChildProcess }[] = [];

beforeAll(async () => {
  server = await launchServer(repository, {
    RANKD_HEARTBEAT_MS: '200',
    RANKD_SUSPEND_MS: '1200',
    RANKD_DEAD_MS: '1600',
  });
});
afterEach(async () => {
  for (const { name, run } of containers) {
    spawnSync('docker', ['rm', '-f', name], { stdio: 'ignore' });
    await run.dispose();
  }
  containers = [];
});
afterAll(async () => await server.childProcess.dispose());

/** Starts a container whose process 1 is rankctl. */
function start(verb: string, group: string, script: string): { readonly name: string; readonly run: ChildProcess } {
  const name = `rankctl-process-one-${process.pid}-${containers.length}-${group}`;
  const rankctl = ['node', '/rankctl/main.js', verb, '--group', group, '--', 'sh', '-c', script];
  const mount = `${resolve(repository, 'services/cli/bundle')}:/rankctl:ro`;
  const url = `RANKD_URL=rankd://127.0.0.1:${server.port}`;
  const args = ['run', '--rm', '--name', name, '--network', 'host', '-v', mount, '-e', url, image, ...rankctl];
  const container = { name, run: new ChildProcess('docker', args, { cwd: '/' }) };
  containers.push(container);
  return container;
}

const docker = (...args: readonly string[]): string => execFileSync('docker', args, { encoding: 'utf8' });

(hasEngine || process.env['CI'] === 'true' ? describe : describe.skip)(
  'rankctl as process 1 of a container (R-PROG-6)',
  () => {
    it('ends with the code of the program, although orphans of it are zombies', async () => {
      const { run } = start('run', 'orphans', '(sleep 0.1 & sleep 0.2 &); sleep 1; echo as $PPID; exit 5');
      const { code } = await within(DEADLINE_MS, 'the end of the container', run.exited);
      expect([code, run.output]).toEqual([5, expect.stringContaining('as 1')]);
    });

    it('stops the program at docker stop', async () => {
      const { name, run } = start(
        'run',
        'stop',
        'trap "echo stopping; exit 3" TERM; echo up; while :; do sleep 0.1; done',
      );
      await run.line(line => line === 'up', DEADLINE_MS);
      docker('stop', name);
      const { code } = await within(DEADLINE_MS, 'the end of the container', run.exited);
      expect([code, run.output]).toEqual([3, expect.stringContaining('stopping')]);
    });

    it('starts another program only after that of a killed container has ended', async () => {
      const first = start('lead', 'beat', 'trap "" TERM; echo first leads; while :; do sleep 0.1; done');
      await first.run.line(line => line === 'first leads', DEADLINE_MS);
      const next = start('lead', 'beat', 'echo next leads; exec sleep 1000');
      await next.run.line(line => line.includes('joined with rank 1'), DEADLINE_MS);
      docker('kill', first.name);
      await next.run.line(line => line === 'next leads', DEADLINE_MS);
      await eventually(DEADLINE_MS, 'the end of the container', () =>
        docker('ps', '-q', '--filter', `name=${first.name}`) === '' ? true : undefined,
      );
    });
  },
);
