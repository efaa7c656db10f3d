import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { ChildProcess, repository, within } from '@rankd/testkit';

const example = resolve(repository, 'examples/shards');
const DEADLINE_MS = 300_000;

/** Returns what the example's own check reports for these logs. */
function checked(logs: readonly (readonly [string, string])[]): unknown {
  const script = `
    import { check } from ${JSON.stringify(pathToFileURL(resolve(example, 'check.mjs')).href)};
    console.log(JSON.stringify(check(new Map(${JSON.stringify(logs)}))));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' }));
}

describe('examples/shards', () => {
  it(
    'polls each of 10 000 feeds from one worker at a time, scaled from 8 to 3 to 6, and with one killed',
    async () => {
      const run = new ChildProcess(process.execPath, [resolve(example, 'run.mjs')], { cwd: repository });
      const exit = await within(DEADLINE_MS, 'its end', run.exited);
      expect([run.lines.map(line => line.replace(/, \d+ to \d+ each/, '')), exit]).toEqual([
        [
          'started: 8 workers hold 10000 feeds',
          'scaled down: 3 workers hold 10000 feeds',
          'scaled up: 6 workers hold 10000 feeds',
          'one killed: 5 workers hold 10000 feeds',
          'enough polls of 10000 feeds; feeds with two workers at a time: 0',
        ],
        { code: 0, signal: null },
      ]);
    },
    DEADLINE_MS + 10_000,
  );

  it('reports a poll after the next worker acquired the feed, and a poll of a feed that was not acquired', () => {
    const ann = ['ann', 'acquire 7 3 100\npoll 7 3 110\npoll 7 3 210\n'] as const;
    expect(checked([ann, ['bob', 'acquire 7 5 205\npoll 7 5 220\n']])).toMatchObject({
      polls: 3,
      faults: ['ann polled feed 7 after bob had taken it'],
    });
    expect(checked([ann, ['bob', 'acquire 7 5 211\n']])).toMatchObject({ faults: [] });
    expect(checked([['bob', 'poll 7 5 220\n']])).toMatchObject({
      faults: ['bob polled feed 7 without holding it'],
    });
    expect(checked([ann, ['bob', 'acquire 7 3 300\n']])).toMatchObject({
      faults: ['ann and bob took feed 7 with the same token'],
    });
  }, 60_000);
});
