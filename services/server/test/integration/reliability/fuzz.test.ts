import { resolve } from 'node:path';
import { expect, it, jest } from '@jest/globals';
import { ChildProcess, repository, within } from '@rankd/testkit';

jest.setTimeout(60_000);

const SESSIONS = 4000;
const seed = Number(process.env['RANKD_TEST_SEED'] ?? Date.now() % 1_000_000);

it(`mutated sessions each end with a bye that has a known code, disturb no member, and leave no session and no memory (RANKD_TEST_SEED=${seed})`, async () => {
  const script = resolve(repository, 'scripts/fuzz');
  const fuzz = new ChildProcess(script, ['--sessions', String(SESSIONS), '--seed', String(seed)]);
  const { code } = await within(50_000, 'the end of the run', fuzz.exited);
  // The output names the failed session and its mutation. Repeat it with scripts/fuzz --seed … --only ….
  expect({ code, output: fuzz.output }).toEqual({
    code: 0,
    output: expect.stringContaining(`${SESSIONS} sessions in`),
  });
});
