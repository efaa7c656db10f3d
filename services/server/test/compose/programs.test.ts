import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, repository } from '@rankd/testkit';
import { ComposeProject, engineAnswers } from './compose-project.js';

const isCi = process.env['CI'] === 'true';
const SETTLE_MS = 60_000;
const RANKCTL_IMAGE = 'rankd-programs-test-rankctl';
/** An nginx on Debian, as the published image has it, for machines that reach no image registry. */
const NGINX_IMAGE = 'rankd-programs-test-nginx';
const nginxDockerfile = `FROM python:3-slim
RUN apt-get update && apt-get install --yes --no-install-recommends nginx-light && rm /etc/nginx/sites-enabled/default`;
/** The images of a release that docs/how-to/own-compose names. Local images have these names during the tests. */
const releaseImages = ['Dockerfile', 'compose.yml'].map(
  file => /ghcr\S+/.exec(readFileSync(resolve(repository, 'docs/how-to/own-compose', file), 'utf8'))?.[0] ?? '',
);

jest.setTimeout(180_000);

const exec = promisify(execFile);

async function docker(...args: string[]): Promise<string> {
  return (await exec('docker', args, { cwd: repository })).stdout;
}

async function buildNginx(): Promise<void> {
  const building = exec('docker', ['build', '--quiet', '--tag', NGINX_IMAGE, '-']);
  building.child.stdin?.end(nginxDockerfile);
  await building;
}

async function removeImages(...images: string[]): Promise<void> {
  await docker('rmi', '--force', ...images);
}

const describeWithEngine = engineAnswers() || isCi ? describe : describe.skip;

describeWithEngine('programs that know nothing of rankd', () => {
  const env = { RANKCTL_IMAGE, NGINX_IMAGE, RANKD_ADMIN_TOKEN: 'test', JOB_EVERY_S: '3600' };
  const project = new ComposeProject('rankd-programs-test', env, { files: ['examples/compose/compose.yml'] });

  async function rankctl(...args: string[]): Promise<string> {
    return project.compose('exec', '-T', 'rankd', 'rankctl', ...args);
  }

  /** Returns the text of the last line in the log of each replica that matches, by replica. */
  async function lastLines(service: string, count: number, pattern: RegExp): Promise<Map<string, string>> {
    const replicas = Array.from({ length: count }, (_, index) => `${service}-${index + 1}`);
    const logs = await Promise.all(replicas.map(async replica => [replica, await project.log(replica)] as const));
    return new Map(
      logs.flatMap(([replica, log]) => {
        const last = log
          .split('\n')
          .filter(line => pattern.test(line))
          .at(-1);
        return last === undefined ? [] : [[replica, last] as const];
      }),
    );
  }

  beforeAll(async () => {
    await Promise.all([
      docker('build', '--quiet', '--tag', RANKCTL_IMAGE, '--file', 'Dockerfile.rankctl', '.'),
      buildNginx(),
    ]);
    await project.compose('down', '-v', '--remove-orphans');
    await project.compose('up', '--build', '--detach', '--scale', 'worker=5');
  }, 600_000);

  afterAll(async () => {
    await project.compose('down', '-v', '--remove-orphans', '--rmi', 'local', '--timeout', '2');
    await removeImages(RANKCTL_IMAGE, NGINX_IMAGE);
  }, 120_000);

  it('R-PROG-7 one of three replicas migrates, all end with 0, and only then the others start', async () => {
    const containers = await project.containers();
    const migrations = containers.filter(({ name }) => name.includes('-migrate-'));
    expect(migrations.map(({ status, exitCode }) => [status, exitCode])).toEqual(Array(3).fill(['exited', 0]));
    expect((await lastLines('migrate', 3, /schema 7 applied/)).size).toBe(1);
  });

  /** Waits until the live workers divide the keys: every key is with one of them. Returns the replica of each rank. */
  async function shares(size: number): Promise<string[]> {
    return eventually(SETTLE_MS, `the shares of ${size} workers`, async () => {
      const running = (await project.containers()).filter(({ status }) => status === 'running');
      const lines = await lastLines('worker', 5, /keys \[/);
      const live = [...lines].filter(([replica]) => running.some(({ name }) => name.endsWith(`-${replica}`)));
      const ranks = new Map(
        live.flatMap(([replica, line]) => {
          const [, rank, of] = /share (\d+) of (\d+)/.exec(line) ?? [];
          return Number(of) === size ? [[Number(rank), replica] as const] : [];
        }),
      );
      if (ranks.size !== size) return undefined;
      const keys = live.flatMap(([, line]) => JSON.parse(/keys (\[.*\])/.exec(line)?.[1] ?? '[]') as number[]);
      expect(keys.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, key) => key));
      return Array.from({ length: size }, (_, rank) => ranks.get(rank) ?? '');
    });
  }

  it('R-PROG-1 R-PROG-3 five workers divide the keys, and again when one is killed', async () => {
    const [first = ''] = await shares(5);
    const slots = await lastLines('worker', 5, /^worker \d+:/);
    expect([...slots.values()].map(line => /^worker (\d+)/.exec(line)?.[1]).sort()).toEqual(['0', '1', '2', '3', '4']);
    await project.replica('kill', first);
    const order = await shares(4);
    expect(order).not.toContain(first);
  });

  it('R-PROG-8 a command of the administrator runs a shell line in every worker', async () => {
    const sheet = JSON.parse(
      await rankctl('send', 'reload', '--group', 'workers', '--token', 'test', '--json'),
    ) as object;
    expect(sheet).toMatchObject({ done: true, recipients: 4 });
  });

  it('R-PROG-4 the nightly job runs in one replica, and in another one when that is killed', async () => {
    const written = async (): Promise<string[]> => [...(await lastLines('nightly', 3, /report written/)).keys()];
    const [first = ''] = await eventually(SETTLE_MS, 'a report', async () => {
      const replicas = await written();
      return replicas.length > 0 ? replicas : undefined;
    });
    expect(await written()).toEqual([first]);
    await project.replica('kill', first);
    await eventually(SETTLE_MS, 'the report of another replica', async () =>
      (await written()).length === 2 ? true : undefined,
    );
  });

  it('R-PROG-9 one nginx answers, the other one says that it does not lead', async () => {
    const statusOf = async (replica: string): Promise<number> => {
      const url = `http://rankd-programs-test-${replica}/`;
      const script = `fetch('${url}').then(({ status }) => console.log(status), () => console.log(0))`;
      return Number(await project.compose('exec', '-T', 'rankd', 'node', '-e', script));
    };
    await eventually(SETTLE_MS, 'one that answers', async () => {
      const statuses = await Promise.all(['web-1', 'web-2'].map(statusOf));
      return statuses.sort().join() === '200,503' ? true : undefined;
    });
  });
});

describeWithEngine('the compose.yml of docs/how-to/own-compose.md', () => {
  const project = new ComposeProject('rankd-own-test', {}, { files: ['docs/how-to/own-compose/compose.yml'] });

  beforeAll(async () => {
    const builds = ['rankctl', 'server'].map((name, index) =>
      docker('build', '--quiet', '--tag', releaseImages[index] ?? '', '--file', `Dockerfile.${name}`, '.'),
    );
    await Promise.all(builds);
    await project.compose('up', '--build', '--detach', '--scale', 'worker=5');
  }, 600_000);

  afterAll(async () => {
    await project.compose('down', '-v', '--remove-orphans', '--rmi', 'local', '--timeout', '2');
    await removeImages(...releaseImages);
  }, 120_000);

  it('R-PROG-1 numbers five replicas of a Python program', async () => {
    await eventually(SETTLE_MS, 'five numbers', async () => {
      const logs = await Promise.all([1, 2, 3, 4, 5].map(index => project.log(`worker-${index}`)));
      const slots = logs.map(log => /^I am replica \d of \d, slot (\d)$/m.exec(log)?.[1]);
      return slots.sort().join() === '0,1,2,3,4' ? true : undefined;
    });
    const table = await project.compose('exec', '-T', 'rankd', 'rankctl', 'ls');
    expect(table.split('\n')[0]).toMatch(/^group default · 5 members/);
  });

  /** Returns the replicas of a service whose log matches. */
  async function replicasWith(service: string, pattern: RegExp): Promise<string[]> {
    const replicas = [1, 2, 3].map(index => `${service}-${index}`);
    const logs = await Promise.all(replicas.map(replica => project.log(replica)));
    return replicas.filter((_, index) => pattern.test(logs[index] ?? ''));
  }

  it('R-PROG-7 migrates in one of three replicas, and all end with 0', async () => {
    expect(await replicasWith('migrate', /^schema 7 applied by migrate-\d$/m)).toHaveLength(1);
    const migrations = (await project.containers()).filter(({ name }) => name.includes('-migrate-'));
    expect(migrations.map(({ status, exitCode }) => [status, exitCode])).toEqual(Array(3).fill(['exited', 0]));
  });

  it('R-PROG-4 runs the nightly job in one of three replicas, and in another one when that is killed', async () => {
    const having = async (): Promise<string[]> => replicasWith('nightly', /^nightly-\d writes the report at 02:00$/m);
    const [first = ''] = await eventually(SETTLE_MS, 'a job', async () => {
      const replicas = await having();
      return replicas.length > 0 ? replicas : undefined;
    });
    expect(await having()).toEqual([first]);
    await project.replica('kill', first);
    await eventually(SETTLE_MS, 'the job of another replica', async () =>
      (await having()).length === 2 ? true : undefined,
    );
    const groups = await project.compose('exec', '-T', 'rankd', 'rankctl', 'groups');
    expect(groups).toMatch(/^default +5\/100 [^]*^nightly +2\/100 /m);
  });
});
