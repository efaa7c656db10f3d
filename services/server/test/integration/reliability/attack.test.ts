import { resolve } from 'node:path';
import { expect, it, jest } from '@jest/globals';
import { ChildProcess, repository, within } from '@rankd/testkit';

jest.setTimeout(120_000);

/** Before R-PACE-1 an answer took 2 to 5 s. This limit shows such a fault on a busy machine too. */
const TOLERATED_MS = 1500;
const FLOODS = ['ping', 'history', 'command', 'result', 'resign', 'hello', 'pipelined requests'];

it('R-PACE-1 40 members that flood neither end the server or a member inside, nor delay its pings, in 512 MiB', async () => {
  const script = resolve(repository, 'scripts/attack.mjs');
  const floods = FLOODS.flatMap(name => ['--flood', name]);
  const args = [script, '--seconds', '0.5', '--crowd', '100', '--tolerated', String(TOLERATED_MS), ...floods];
  const attack = new ChildProcess(process.execPath, args);
  const { code } = await within(110_000, 'the end of the floods', attack.exited);
  process.stdout.write(`${attack.output}\n`);
  expect({ code, output: attack.output }).toEqual({ code: 0, output: expect.stringContaining('pipelined requests') });
});
