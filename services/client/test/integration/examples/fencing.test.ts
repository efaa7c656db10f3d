import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { ChildProcess, repository, within } from '@rankd/testkit';

const DEADLINE_MS = 50_000;

it(
  'examples/fencing: the paused leader writes twice without the check, and its second write is refused with the check',
  async () => {
    const run = new ChildProcess(process.execPath, [resolve(repository, 'examples/fencing/run.mjs')], {
      cwd: repository,
    });
    const end = await within(DEADLINE_MS, 'its end', run.exited);
    expect([end, run.lines.filter(line => line.startsWith('example'))]).toEqual([
      { code: 0, signal: null },
      [
        'example   | unchecked: first, second, first; the late write of the first was written',
        'example   | checked: first, second; the late write of the first was refused',
      ],
    ]);
  },
  DEADLINE_MS + 10_000,
);
