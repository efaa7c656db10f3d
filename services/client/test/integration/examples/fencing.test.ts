import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { ChildProcess, within } from '@rankd/testkit';
import { repository } from '../fleet.js';

it('examples/fencing: the paused leader writes twice without the check, and is refused with it', async () => {
  const run = new ChildProcess(process.execPath, [resolve(repository, 'examples/fencing/run.mjs')], {
    cwd: repository,
  });
  const end = await within(50_000, 'its end', run.exited);
  expect([end, run.lines.filter(line => line.startsWith('example'))]).toEqual([
    { code: 0, signal: null },
    [
      'example   | unchecked: first, second, first; the late write of the first was written',
      'example   | checked: first, second; the late write of the first was refused',
    ],
  ]);
});
