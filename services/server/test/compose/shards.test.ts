import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@rankd/testkit';
import { ComposeProject, engineAnswers } from './compose-project.js';

const isCi = process.env['CI'] === 'true';
const FEEDS = 10_000;
const SETTLE_MS = 90_000;

jest.setTimeout(180_000);

(engineAnswers() || isCi ? describe : describe.skip)('examples/shards/compose.yml', () => {
  const project = new ComposeProject('rankd-shards-test', {}, { files: ['examples/shards/compose.yml'] });

  async function scale(workers: number): Promise<void> {
    await project.compose('up', '--detach', '--no-recreate', '--scale', `worker=${workers}`);
  }

  /** The number of feeds that each running worker logged last. */
  async function shares(): Promise<number[]> {
    const running = (await project.containers()).filter(({ status }) => status === 'running');
    const workers = running.flatMap(({ name }) => /worker-\d+$/.exec(name) ?? []);
    const logs = await Promise.all(workers.map(async worker => await project.log(worker)));
    return logs.map(log => Number([...log.matchAll(/^\{"event":"holds","feeds":(\d+)\}$/gm)].at(-1)?.[1] ?? 0));
  }

  /** Waits until this many workers hold all feeds, each at least one. */
  async function divided(workers: number): Promise<void> {
    await eventually(SETTLE_MS, `${FEEDS} feeds over ${workers} workers`, async () => {
      const each = await shares();
      const isWhole = each.reduce((sum, feeds) => sum + feeds, 0) === FEEDS && !each.includes(0);
      return isWhole && each.length === workers ? true : undefined;
    });
  }

  beforeAll(async () => {
    await project.compose('down', '-v', '--remove-orphans');
    await project.compose('build');
  }, 600_000);

  afterAll(async () => {
    await project.compose('down', '-v', '--remove-orphans', '--rmi', 'local', '--timeout', '1');
  }, 120_000);

  it.each([2, 8, 3])('divides 10 000 feeds over %i workers, from any number before', async workers => {
    await scale(workers);
    await divided(workers);
    expect(
      (await project.compose('exec', '-T', 'server', 'rankctl', 'ls', '--group', 'shards')).split('\n')[0],
    ).toMatch(new RegExp(`^group shards · ${workers} members`));
  });
});
